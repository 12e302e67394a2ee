import { exportModel, importModel, loadDataset, smallResnet, verifyExport } from 'residuum';

const { train, test } = await loadDataset('fashion-mnist-mini', { limit: 500 });
const model = smallResnet({ inputShape: [28, 28, 1], classes: 10 });
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
await model.fit(train, { epochs: 1 });

// To Keras, with the optimizer's state, and a receipt of what the file has to compute.
const exported = await exportModel(model, 'small.keras', { format: 'keras' });
const { error } = await verifyExport(model, exported);
console.log(`read back, it differs by ${error}; in Python:`);
console.log(exported.receipt.python.join('\n'));
await exportModel(model, 'small.onnx', { format: 'onnx' });

// And back, from here or from Keras: it goes on where it stood.
const back = await importModel('small.keras');
await back.fit(train, { epochs: 1 });
console.log(await back.evaluate(test));
