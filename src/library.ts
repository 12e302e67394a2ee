/** The public names that Node and the browser share; each platform's entry adds its own. */
export {
  type CifarPlainOptions,
  type CifarResnetOptions,
  cifarPlain,
  cifarResnet,
} from './applications/cifar.js';
export * as kerasApplications from './applications/keras-applications.js';
export {
  type Application,
  applications,
  findApplication,
} from './applications/registry.js';
export {
  type BasicBlockOptions,
  type BlockOptions,
  basicBlock,
  type ConvolutionalBlockOptions,
  convolutionalBlock,
  type IdentityBlockOptions,
  identityBlock,
} from './applications/residual-blocks.js';
export type { ResidualNetworkOptions } from './applications/residual-network.js';
export { type Resnet50Options, resnet50 } from './applications/resnet50.js';
export { type SmallResnetOptions, smallResnet } from './applications/small-resnet.js';
export * as torchvision from './applications/torchvision.js';
export * from './core/errors.js';
export { Random } from './core/random.js';
export type { Shape } from './core/shape.js';
export { VERSION } from './core/version.js';
export { ArrayDataset, type ArrayDatasetOptions, type SampleArray } from './data/array-dataset.js';
export { augment } from './data/augment/augment.js';
export {
  type Augmentation,
  type AugmentationDescription,
  describeAugmentation,
} from './data/augment/augmentation.js';
export { type ColorJitterOptions, colorJitter } from './data/augment/color-jitter.js';
export { type CutmixOptions, cutmix } from './data/augment/cutmix.js';
export { type CutoutOptions, cutout } from './data/augment/cutout.js';
export type { FillMode, FillOptions } from './data/augment/fill-mode.js';
export { type FlipOptions, flip } from './data/augment/flip.js';
export {
  type ImageAugmentation,
  type ImageChange,
  type ImageShape,
  imageAugmentation,
} from './data/augment/image-stage.js';
export { type MixupOptions, mixup } from './data/augment/mixup.js';
export { type NormalizeOptions, normalize } from './data/augment/normalize.js';
export { type PadCropOptions, padCrop } from './data/augment/pad-crop.js';
export { type RandAugmentOptions, randAugment } from './data/augment/rand-augment.js';
export { type RandomErasingOptions, randomErasing } from './data/augment/random-erasing.js';
export { augmentationNames, resolveAugmentation } from './data/augment/registry.js';
export { type RotateOptions, rotate } from './data/augment/rotate.js';
export { type ShiftOptions, shift } from './data/augment/shift.js';
export { type ZoomOptions, zoom } from './data/augment/zoom.js';
export {
  type CifarDatasetRow,
  type DatasetRow,
  datasetCatalog,
  datasetRow,
  type IdxDatasetRow,
} from './data/catalog.js';
export type { CifarLayout } from './data/cifar.js';
export {
  type Dataset,
  type DatasetSplit,
  type GatherContext,
  splitDataset,
  subset,
  take,
} from './data/dataset.js';
export { decodeIdx, type IdxArray, parseIdx } from './data/idx.js';
export { type LabelledImagesOptions, labelledImages } from './data/labelled-images.js';
export type { SampleStream, StreamElement } from './data/stream-dataset.js';
export type { RankDirection } from './drawings/draw-graph.js';
export {
  type Drawable,
  type DrawModelOptions,
  drawModel,
  drawModels,
} from './drawings/draw-model.js';
export { modelDot } from './drawings/model-dot.js';
export { modelPage } from './drawings/model-page.js';
export { type AxisOptions, shortNumber, type Tick } from './figures/axis.js';
export { type BarChartOptions, type BarSeries, barChart } from './figures/bar-chart.js';
export type { ColorScaleName } from './figures/color-scale.js';
export { type ContourPlotOptions, contourPlot } from './figures/contour-plot.js';
export { type HeatmapOptions, heatmap } from './figures/heatmap.js';
export { type HistogramOptions, type HistogramSeries, histogram } from './figures/histogram.js';
export {
  type HtmlBlock,
  type HtmlCell,
  type HtmlPageOptions,
  type HtmlSection,
  htmlPage,
} from './figures/html-page.js';
export { type GridImage, type ImageGridOptions, imageGrid } from './figures/image-grid.js';
export {
  type LineChartOptions,
  type LineSeries,
  lineChart,
  type ReferenceLine,
} from './figures/line-chart.js';
export { imageDataUri, type PixelImage } from './figures/pixel-image.js';
export { type SmallMultiplesOptions, smallMultiples } from './figures/small-multiples.js';
export { type StripGroup, type StripPlotOptions, stripPlot } from './figures/strip-plot.js';
export { type FigureOptions, figureSize } from './figures/svg.js';
export { type FigureColor, type FigureTheme, withTheme } from './figures/theme.js';
export { decodeNpy, type NpyArray } from './formats/npy/decode-npy.js';
export { NpzArchive } from './formats/npy/decode-npz.js';
export { npySamples } from './formats/npy/npy-samples.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsContent,
  type TensorEntry,
  type TensorInput,
} from './formats/safetensors.js';
export type { CallContext, GraphLayer } from './graph/graph-layer.js';
export type { CallNode } from './graph/symbolic-tensor.js';
export { type SymbolicShape, SymbolicTensor } from './graph/symbolic-tensor.js';
export { type Initializer, type Regularizer, Variable } from './graph/variable.js';
export { type FormatPlanReportOptions, formatPlanReport } from './inspect/format-plan-report.js';
export { formatStepProfile } from './inspect/format-step-profile.js';
export {
  type BufferReport,
  type CallReport,
  type CostRow,
  type MemoryReport,
  type PlanReport,
  reportPlan,
} from './inspect/plan-report.js';
export {
  type CallProfile,
  type ProfileRow,
  profileStep,
  type ReplicaProfile,
  type StepProfile,
} from './inspect/step-profile.js';
export {
  countParameters,
  formatSummary,
  type ParameterCounts,
  type SummaryRow,
  summarize,
} from './inspect/summary.js';
export type {
  FileReport,
  Finding,
  FindingKind,
  LayerReport,
  WeightReport,
} from './interchange/file-report.js';
export {
  detectFormat,
  exportFormatNames,
  findFormat,
  modelFormats,
} from './interchange/formats.js';
export {
  type DecodeKerasOptions,
  decodeKeras,
  type EncodeKerasOptions,
  encodeKeras,
  encodeKerasWeights,
  modelFromJson,
  modelToJson,
} from './interchange/keras/keras-archive.js';
export { decodeLegacyH5, encodeLegacyH5 } from './interchange/keras/legacy-h5.js';
export {
  type LoadKerasWeightsOptions,
  loadKerasWeights,
  matchKerasWeights,
} from './interchange/keras/load-weights.js';
export type { WeightMatch } from './interchange/keras/weight-matching.js';
export type {
  ExportOptions,
  ImportOptions,
  ModelFormat,
  PythonRecheck,
} from './interchange/model-format.js';
export { type ExportOnnxOptions, exportOnnx } from './interchange/onnx/export-onnx.js';
export { type ImportOnnxOptions, importOnnx } from './interchange/onnx/import-onnx.js';
export { seededInput } from './interchange/seeded-input.js';
export { Activation, type ActivationOptions, activation } from './layers/activation.js';
export type { ActivationName } from './layers/activations.js';
export { Add, add } from './layers/add.js';
export { AveragePooling2D, averagePooling2d } from './layers/average-pooling2d.js';
export {
  BatchNormalization,
  type BatchNormalizationOptions,
  batchNormalization,
} from './layers/batch-normalization.js';
export { Concatenate, type ConcatenateOptions, concatenate } from './layers/concatenate.js';
export { Conv2D, type Conv2DOptions, conv2d } from './layers/conv2d.js';
export { Dense, type DenseOptions, dense } from './layers/dense.js';
export { DropPath, type DropPathOptions, dropPath } from './layers/drop-path.js';
export { Dropout, type DropoutOptions, dropout } from './layers/dropout.js';
export { Flatten, flatten } from './layers/flatten.js';
export {
  GlobalAveragePooling2D,
  globalAveragePooling2d,
} from './layers/global-average-pooling2d.js';
export { GlobalMaxPooling2D, globalMaxPooling2d } from './layers/global-max-pooling2d.js';
export type { GlobalPooling2DOptions } from './layers/global-pooling2d.js';
export {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type InitializerLike,
  type InitializerName,
  ones,
  zeros,
} from './layers/initializers.js';
export { InputLayer, type InputOptions, input } from './layers/input-layer.js';
export { Lambda, type LambdaFunction, lambda } from './layers/lambda.js';
export { Layer, type LayerConfig, type LayerOptions, type WeightArray } from './layers/layer.js';
export { MaxPooling2D, maxPool2d, maxPooling2d } from './layers/max-pooling2d.js';
export { Multiply, multiply } from './layers/multiply.js';
export type { Size2d } from './layers/option-checks.js';
export type { Pooling2DOptions } from './layers/pooling2d.js';
export { setRandomSeed } from './layers/random-seed.js';
export { ReLU, reLU } from './layers/re-lu.js';
export { l1, l1L2, l2, type RegularizerLike } from './layers/regularizers.js';
export { Reshape, type ReshapeOptions, reshape } from './layers/reshape.js';
export { Softmax, softmax } from './layers/softmax.js';
export { Subtract, subtract } from './layers/subtract.js';
export { clearNames } from './layers/unique-name.js';
export {
  type DataFormat,
  ZeroPadding2D,
  type ZeroPadding2DOptions,
  zeroPadding2d,
} from './layers/zero-padding2d.js';
export {
  type FindLearningRateOptions,
  findLearningRate,
  type LearningRateTest,
} from './models/find-learning-rate.js';
export { Model } from './models/model.js';
export { type DecodeModelOptions, decodeModel, encodeModel } from './models/model-file.js';
export type {
  CompileOptions,
  EvaluateOptions,
  FitOptions,
  ModelOptions,
  ObjectiveOptions,
  Prediction,
  RunOptions,
  Samples,
} from './models/model-options.js';
export type { ExecutorOptions } from './models/platform.js';
export { readActivations } from './models/read-activations.js';
export { type Rewiring, rewire } from './models/rewire.js';
export { Sequential, type SequentialOptions, sequential } from './models/sequential.js';
export { evaluateViews, predictViews, type ViewOptions } from './models/test-time-augmentation.js';
export {
  type FreezeOptions,
  freeze,
  type ReplaceHeadOptions,
  replaceHead,
  type ThawOptions,
  thaw,
} from './models/transfer.js';
export type { Value } from './ops/ir.js';
export * as ops from './ops/ops.js';
export type { KernelCall } from './plan/kernels.js';
export type { Plan, PlanFusion } from './plan/plan.js';
export { type PrintPlanOptions, printPlan } from './plan/print-plan.js';
export { validatePlan } from './plan/validate-plan.js';
export {
  type AnalyseOptions,
  analyseModel,
  type ModelAnalysis,
  type ShownSample,
} from './reports/analyse-model.js';
export { type Calibration, calibration } from './reports/calibration.js';
export {
  type Classification,
  type ClassifyOptions,
  classify,
  worstMistakes,
} from './reports/classify.js';
export {
  type ConfusionMatrix,
  confusionMatrix,
  type LabelledPredictions,
} from './reports/confusion-matrix.js';
export { analysisSections } from './reports/draw-analysis.js';
export { drawLearningRates } from './reports/draw-learning-rates.js';
export { type FeatureMaps, featureMaps } from './reports/feature-maps.js';
export { type GradCam, type GradCamOptions, gradCam, gradCamLayer } from './reports/grad-cam.js';
export {
  type ScoreGradient,
  type ScoreGradientOptions,
  scoreGradient,
} from './reports/score-gradient.js';
export { type EpochFigures, type StepFigures, trainingCurves } from './reports/training-curves.js';
export type {
  Executor,
  ExecutorDescription,
  PlanTimings,
  ReplicaTimings,
} from './runtime/executor.js';
export {
  createReferenceExecutor,
  type ReferenceExecutorOptions,
} from './runtime/reference/reference-executor.js';
export type {
  Callback,
  Logs,
  NamedCallback,
  RunPlan,
  TrainingControl,
} from './training/callback.js';
export {
  type EarlyStopping,
  type EarlyStoppingOptions,
  earlyStopping,
} from './training/callbacks/early-stopping.js';
export { lambdaCallback } from './training/callbacks/lambda-callback.js';
export type { MonitorMode, MonitorOptions } from './training/callbacks/monitor.js';
export {
  type ReduceLROnPlateauOptions,
  reduceLROnPlateau,
} from './training/callbacks/reduce-lr-on-plateau.js';
export { resolveCallback } from './training/callbacks/resolve-callback.js';
export { type Swa, type SwaOptions, swa } from './training/callbacks/swa.js';
export { terminateOnNaN } from './training/callbacks/terminate-on-nan.js';
export type { EpochPosition } from './training/epoch-position.js';
export {
  type GradientFlow,
  type GradientFlowOptions,
  type GradientFlowRecord,
  gradientFlow,
  type LayerFlow,
} from './training/gradient-flow.js';
export { History } from './training/history.js';
export { learningRateScheduler } from './training/learning-rate-scheduler.js';
export type { Loss } from './training/loss.js';
export {
  type BinaryFocalCrossentropyOptions,
  binaryCrossentropy,
  binaryFocalCrossentropy,
} from './training/losses/binary-crossentropy.js';
export {
  type CrossentropyOptions,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from './training/losses/crossentropy.js';
export {
  type CategoricalFocalCrossentropyOptions,
  categoricalFocalCrossentropy,
} from './training/losses/focal-crossentropy.js';
export {
  type HuberOptions,
  hinge,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  squaredHinge,
} from './training/losses/regression.js';
export { type LossLike, type LossName, resolveLoss } from './training/losses.js';
export type { DatasetFigure, DatasetMetric, Metric } from './training/metric.js';
export type { CalibrationBin } from './training/metrics/calibration-bins.js';
export {
  type CalibrationErrorOptions,
  expectedCalibrationError,
} from './training/metrics/calibration-error.js';
export { type F1ScoreOptions, f1Score } from './training/metrics/f1-score.js';
export {
  type PrecisionRecallOptions,
  precision,
  recall,
} from './training/metrics/precision-recall.js';
export {
  accuracy,
  type MetricLike,
  type MetricName,
  resolveMetric,
  topKAccuracy,
} from './training/metrics.js';
export type { PerOutput } from './training/objective.js';
export type { Optimizer } from './training/optimizer.js';
export type { OptimizerOptions } from './training/optimizer-options.js';
export {
  type AdamOptions,
  adam,
  adamW,
  type LionOptions,
  lamb,
  lion,
  type OptimizerLike,
  type OptimizerName,
  optimizerNames,
  type RmspropOptions,
  resolveOptimizer,
  rmsprop,
  type SgdOptions,
  sgd,
} from './training/optimizers.js';
export type { LayerProbe, Probe, ProbeOptions } from './training/probe.js';
export type { ClassWeight } from './training/sample-weights.js';
export { type CosineDecayOptions, cosineDecay } from './training/schedules/cosine-decay.js';
export {
  type CosineDecayRestartsOptions,
  cosineDecayRestarts,
} from './training/schedules/cosine-decay-restarts.js';
export { epochsToSteps } from './training/schedules/epochs-to-steps.js';
export { exponentialDecay, type RateDecayOptions } from './training/schedules/exponential-decay.js';
export { inverseTimeDecay } from './training/schedules/inverse-time-decay.js';
export { type OneCycleOptions, oneCycle } from './training/schedules/one-cycle.js';
export {
  type PiecewiseConstantDecayOptions,
  piecewiseConstantDecay,
} from './training/schedules/piecewise-constant-decay.js';
export {
  type PolynomialDecayOptions,
  polynomialDecay,
} from './training/schedules/polynomial-decay.js';
export {
  type LearningRateLike,
  resolveSchedule,
  scheduleNames,
} from './training/schedules/resolve-schedule.js';
export type { LearningRateSchedule } from './training/schedules/schedule.js';
export { type WarmUpOptions, warmUp } from './training/schedules/warm-up.js';
export { summarizeValues, type ValueSummary } from './training/summarize-values.js';
export type { OptimizerState } from './training/trainer.js';
export type { WeightFlow } from './training/weight-flow.js';
