import {
  adam,
  augment,
  type Dataset,
  evaluateViews,
  flip,
  freeze,
  loadDataset,
  padCrop,
  replaceHead,
  smallResnet,
  thaw,
} from 'residuum';

/** Data of some classes only, numbered anew: shoes are one task, clothes another. */
async function only(data: Dataset, classes: readonly number[]): Promise<Dataset> {
  const size = data.size;
  const images = new Float32Array(size * 784);
  const rows = new Float32Array(size * 10);
  await data.gather(
    Uint32Array.from({ length: size }, (_, i) => i),
    [images],
    [rows],
  );
  const kept = Array.from({ length: size }, (_, i) => {
    return { i, label: classes.indexOf(rows.subarray(10 * i, 10 * i + 10).indexOf(1)) };
  }).filter(({ label }) => label >= 0);
  return {
    size: kept.length,
    inputShapes: data.inputShapes,
    targetShapes: [[classes.length]],
    gather(indices, [x], [y]) {
      y.fill(0);
      indices.forEach((index, row) => {
        const { i, label } = kept[index];
        x.set(images.subarray(784 * i, 784 * (i + 1)), 784 * row);
        y[row * classes.length + label] = 1;
      });
    },
  };
}

const [images = '9000', epochs = '3'] = process.argv.slice(2);
const clothes = [0, 1, 2, 3, 4, 6, 8];
const shoes = [5, 7, 9];
const { train, test } = await loadDataset('fashion-mnist-mini', { limit: Number(images) });
const fitting = { epochs: Number(epochs), batchSize: 32 };
const compiling = { loss: 'categoricalCrossentropy', metrics: ['accuracy'] } as const;

// A network learns to tell clothes, on flipped and shifted images.
const pretrained = smallResnet({ inputShape: [28, 28, 1], classes: clothes.length });
pretrained.compile({ optimizer: 'adam', ...compiling });
const changes = [flip(), padCrop({ padding: 2 })];
await pretrained.fit(augment(await only(train, clothes), changes), fitting);

// It gets a new head for shoes, which learns while all else stays as it is; then everything learns.
const model = freeze(replaceHead(pretrained, { classes: shoes.length }), { except: ['head'] });
model.compile({ optimizer: 'adam', ...compiling });
await model.fit(await only(train, shoes), fitting);
thaw(model);
model.compile({ optimizer: adam({ learningRate: 3e-4 }), ...compiling });
await model.fit(await only(train, shoes), fitting);

// The mean over each image and its mirror image is the answer.
const figures = await evaluateViews(model, await only(test, shoes), [flip({ probability: 1 })]);
console.log(figures);
await Promise.all([pretrained.dispose(), model.dispose()]);
