/** Operations for lambda layers, custom losses and metrics: functions of values that differentiate. */
export { affine } from './affine.js';
export { biasAdd } from './bias-add.js';
export { add, divide, maximum, minimum, multiply, subtract } from './binary.js';
export { pad, slice } from './box-copy.js';
export { broadcastTo } from './broadcast-to.js';
export { concatenate } from './concatenate.js';
export { conv2d } from './conv2d.js';
export { crossentropy, softmaxCrossentropy } from './crossentropy.js';
export { matmul } from './matmul.js';
export { averagePool, maxPool } from './pool2d.js';
export { mean, sum } from './reduce.js';
export { flatten, reshape } from './reshape.js';
export { softmax } from './softmax.js';
export { stopGradient } from './stop-gradient.js';
export { abs, exp, log, negate, relu, sigmoid, sqrt, square, tanh } from './unary.js';
