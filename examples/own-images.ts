import {
  augment,
  exportModel,
  flip,
  loadDataset,
  readImageFile,
  saveModel,
  smallResnet,
} from 'residuum';

// A folder in photos/ for each class, with PNG and JPEG files of any size: photos/cat/1.jpg, photos/dog/1.jpg, …
const [epochs = 10, picture = 'picture.jpg'] = process.argv.slice(2);
const { train, validation, test, info } = await loadDataset('photos', { imageSize: [32, 32] });
const model = smallResnet({ inputShape: info.imageShape, classes: info.classNames.length });
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
const fitting = { epochs: Number(epochs), batchSize: 8, validationData: validation };
await model.fit(augment(train, [flip()]), fitting);
console.log(await model.evaluate(test));

// What is on a picture that is read as those of the folder were.
const { data, shape } = await readImageFile(picture, info);
const prediction = await model.predict({ data, shape: [1, ...shape] });
info.classNames.forEach((name, i) => {
  console.log(name, prediction.data[i]);
});

await saveModel(model, 'photos.safetensors');
await exportModel(model, 'photos.onnx', { format: 'onnx' });
