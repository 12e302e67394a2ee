import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { findResidualBlocks } from '../../src/drawings/find-residual-blocks.js';
import { modelGraph } from '../../src/drawings/model-graph.js';
import {
  activation,
  add,
  clearNames,
  concatenate,
  conv2d,
  type Drawable,
  dense,
  drawModel,
  drawModels,
  figureSize,
  findApplication,
  flatten,
  input,
  Model,
  modelDot,
  modelPage,
  ValueError,
} from '../../src/node.js';
import { checkGolden, structure } from '../golden.js';

function build(name: string): Model {
  clearNames();
  return findApplication(name).build({ inputShape: [32, 32, 3], classes: 10 });
}

function blocksOf(model: Drawable) {
  return findResidualBlocks(modelGraph(model.network));
}

describe('residual blocks are recognised by structure', () => {
  const rows = [
    ['resnet50', 12, 0, 4],
    ['resnet-20', 7, 2, 0],
    ['resnet-20-b', 7, 0, 2],
    ['resnet-20-v2', 7, 0, 2],
    ['resnet-34', 13, 0, 3],
    ['keras-resnet50v2', 9, 3, 4],
    ['plain-20', 0, 0, 0],
  ] as const;
  for (const [name, identity, padded, projection] of rows) {
    it(`${name}: ${identity} identities, ${padded} padded, ${projection} projections`, () => {
      const nodes = modelGraph(build(name).network);
      const blocks = findResidualBlocks(nodes);
      const count = (kind: string) => blocks.filter((b) => b.shortcutKind === kind).length;
      assert.deepEqual(
        [count('identity'), count('padded'), count('projection')],
        [identity, padded, projection],
      );
      const members = blocks.flatMap(({ branch, shortcut, shared, add }) => [
        ...branch,
        ...shortcut,
        ...shared,
        add,
      ]);
      assert.equal(new Set(members).size, members.length, 'blocks do not overlap');
    });
  }

  it('an addition of two branches, or one whose inside is used outside, is no block', () => {
    const x = input({ shape: [8, 8, 4] });
    const conv = () => conv2d({ filters: 4, kernelSize: 3, padding: 'same' });
    const twoBranches = add()([conv()(conv()(x)), conv()(conv()(x))]);
    const inner = conv()(twoBranches);
    const used = add()([conv()(inner), twoBranches]);
    const outputs = dense({ units: 2 })(flatten()(concatenate()([used, inner])));
    assert.deepEqual(blocksOf(new Model({ inputs: x, outputs })), []);
  });

  it('a block may branch inside, and inner blocks come before outer ones', () => {
    const x = input({ shape: [8, 8, 4] });
    const conv = (y: typeof x) => conv2d({ filters: 4, kernelSize: 3, padding: 'same' })(y);
    const inner = activation('relu')(add()([conv(x), x]));
    const outer = add()([conv(inner), x]);
    const blocks = blocksOf(new Model({ inputs: x, outputs: flatten()(outer) }));
    assert.equal(blocks.length, 1);
    assert.equal(blocks[0].branch.length, 1);
  });
});

describe('drawModel', () => {
  it('golden: ResNet-50 folded on one page, two plain and residual networks side by side', () => {
    const resnet50 = drawModel(build('resnet50'));
    const { width, height } = figureSize(resnet50);
    assert.ok(width < 700 && height < 1400, `${width} × ${height} is no page`);
    checkGolden('drawings/golden/resnet50.txt', structure(resnet50));
    const compared = drawModels([build('plain-34'), build('resnet-34')]);
    checkGolden('drawings/golden/plain-34-resnet-34.txt', structure(compared));
  });

  it('golden: the boxes and lines of a small network with all its layers', () => {
    checkGolden(
      'drawings/golden/small-resnet.dot',
      modelDot(build('small-resnet'), { showParams: true }),
    );
  });

  it('side by side, options for boxes and direction are honoured', () => {
    const pair = [build('plain-20'), build('resnet-20')];
    const asPaper = drawModels(pair);
    const withParams = drawModels(pair, { showParams: true });
    assert.match(withParams, />[\d,]+ params</);
    assert.ok(!/>[\d,]+ params</.test(asPaper));
    const level = figureSize(drawModels(pair, { rankdir: 'LR' }));
    assert.ok(level.width > level.height);
    const layers = pair.reduce((sum, { network }) => sum + network.layers.length, 0);
    const expanded = drawModels(pair, { expandBlocks: true });
    assert.equal(expanded.match(/<g><title>/g)?.length, layers);
    assert.throws(() => drawModels(pair, { rankdir: 'XX' as 'TB' }), ValueError);
  });

  it('a box for every layer when expanded, with what the options ask for', () => {
    const model = build('small-resnet');
    const count = (svg: string) => svg.match(/<g><title>/g)?.length;
    assert.equal(count(drawModel(model, { expandBlocks: true })), model.network.layers.length);
    assert.equal(
      count(drawModel(model, { expandBlocks: false })),
      model.network.layers.length - 25 + 3,
    );
    const bare = drawModel(model, { showShapes: false, showLayerNames: false });
    assert.ok(!bare.includes('>28×28') && !bare.includes('>res2a_branch2a<'));
    assert.ok(drawModel(model, { showParams: true }).includes('2,320 params'));
    const wide = figureSize(drawModel(model, { rankdir: 'LR' }));
    assert.ok(wide.width > wide.height);
  });

  it('boxes do not overlap and lie inside the drawing', () => {
    for (const expandBlocks of [true, false]) {
      const svg = drawModel(build('resnet-20-v2'), { expandBlocks });
      const boxes = [
        ...svg.matchAll(
          /<title>[^<]*<\/title><rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)"/g,
        ),
      ].map((match) => match.slice(1).map(Number));
      assert.ok(boxes.length > 10);
      boxes.forEach(([x, y, w, h], i) => {
        for (const [x2, y2, w2, h2] of boxes.slice(i + 1)) {
          const apart = x + w <= x2 || x2 + w2 <= x || y + h <= y2 || y2 + h2 <= y;
          assert.ok(apart, `boxes at ${x},${y} and ${x2},${y2}`);
        }
      });
    }
  });

  it('networks of over a thousand layers fold, and are refused unfolded, with the way out', () => {
    clearNames();
    const model = build('resnet-110');
    assert.ok(figureSize(drawModel(model)).height < 1500);
    const many = Array.from({ length: 12 }, () => model);
    assert.ok(figureSize(drawModels(many.slice(0, 2))).height > 2000);
    assert.throws(() => drawModel(model, { rankdir: 'XX' as 'TB' }), ValueError);
    assert.throws(() => drawModels([]), ValueError);
  });

  it('draws models that are no chains, several inputs and outputs included', () => {
    const a = input({ shape: [4], name: 'a' });
    const b = input({ shape: [4], name: 'b' });
    const joined = concatenate()([a, dense({ units: 4 })(b)]);
    const model = new Model({
      inputs: [a, b],
      outputs: [dense({ units: 2 })(joined), dense({ units: 3 })(joined)],
    });
    const options = { title: 'b <&">' };
    for (const draw of [drawModel, modelPage]) {
      const text = draw(model, options);
      assert.ok(text.includes('b &lt;&amp;&quot;&gt;') && !text.includes('b <&'));
    }
    assert.ok(modelDot(model, options).startsWith('digraph "b <&\\">" {'));
    assert.ok(drawModels([model, model]).includes('>input<'));
  });
});

describe('modelPage', () => {
  it('has every block to fold, loads nothing, and lets its own script run only', () => {
    const page = modelPage(build('resnet50'));
    assert.equal(page.match(/<details>/g)?.length, 16);
    const [, script] = /<script>(.*)<\/script>/.exec(page) ?? [];
    const hash = createHash('sha256').update(script).digest('base64');
    assert.ok(page.includes(`script-src &#39;sha256-${hash}&#39;`));
    assert.equal(page.match(/<script/g)?.length, 1);
    assert.ok(!/(?:src|href)="/.test(page));
  });
});
