import { UnknownNameError } from '../core/errors.js';
import type { CifarLayout } from './cifar.js';

/** One of the four files of a data set in IDX format. */
export interface DatasetFile {
  /** File name, as its home calls it. */
  readonly name: string;
  /** Size of the compressed file at its home, in bytes. */
  readonly bytes: number;
  /** SHA-256 of the compressed file at its home, in hexadecimal. */
  readonly sha256: string;
  /** SHA-256 of the IDX content, which stays the same when somebody compresses it anew. */
  readonly contentSha256: string;
}

/** The four files: images and labels for training and for testing. */
export interface DatasetFiles {
  readonly trainImages: DatasetFile;
  readonly trainLabels: DatasetFile;
  readonly testImages: DatasetFile;
  readonly testLabels: DatasetFile;
}

interface CommonRow {
  /** Name by which it is asked for, such as `fashion-mnist`. */
  readonly name: string;
  /** Name for people. */
  readonly title: string;
  /** Names of the classes, in the order of the labels. */
  readonly classNames: readonly string[];
  /** Shape of one image, `[H, W, C]`. */
  readonly imageShape: readonly [number, number, number];
  /** Number of training images. */
  readonly trainCount: number;
  /** Number of test images. */
  readonly testCount: number;
  /** How many of the first training images are for validation. */
  readonly validationSize: number;
  /** Licence of the data. */
  readonly licence: string;
}

/** A data set of four IDX files, which residuum downloads. */
export interface IdxDatasetRow extends CommonRow {
  /** Format of its files. */
  readonly format: 'idx';
  /** Where the files are downloaded from; ends in a slash. Absent when they ship with residuum. */
  readonly home?: string;
  /** Its four files. */
  readonly files: DatasetFiles;
}

/** A data set in CIFAR's binary format, whose folder the user names. */
export interface CifarDatasetRow extends CommonRow {
  /** Format of its files. */
  readonly format: 'cifar';
  /** Page that has the archive. */
  readonly home: string;
  /** How its files are laid out. */
  readonly layout: CifarLayout;
  /** Names of the files with training images, in order. */
  readonly trainFiles: readonly string[];
  /** Names of the files with test images. */
  readonly testFiles: readonly string[];
  /** Name of the archive at its home. */
  readonly archive: string;
  /** MD5 of the archive, as its home tells it. */
  readonly archiveMd5: string;
  /** The folder that the archive unpacks to. */
  readonly archiveFolder: string;
}

/** A data set that residuum knows by name. */
export type DatasetRow = IdxDatasetRow | CifarDatasetRow;

const FASHION_CLASSES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;

const CIFAR10_CLASSES = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

/** As in the archive's `fine_label_names.txt`. */
const CIFAR100_CLASSES = (
  'apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus ' +
  'butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch ' +
  'crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house ' +
  'kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle ' +
  'mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree ' +
  'plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark ' +
  'shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table ' +
  'tank telephone television tiger tractor train trout tulip turtle wardrobe whale ' +
  'willow_tree wolf woman worm'
).split(' ');

const CIFAR_HOME = 'https://www.cs.toronto.edu/~kriz/cifar.html';

const FILE_NAMES = {
  trainImages: 'train-images-idx3-ubyte.gz',
  trainLabels: 'train-labels-idx1-ubyte.gz',
  testImages: 't10k-images-idx3-ubyte.gz',
  testLabels: 't10k-labels-idx1-ubyte.gz',
} as const;

/** Every data set that residuum knows by name; the first is the default. */
export const datasetCatalog: readonly DatasetRow[] = [
  {
    name: 'fashion-mnist-mini',
    format: 'idx',
    title: 'Fashion-MNIST mini',
    classNames: FASHION_CLASSES,
    imageShape: [28, 28, 1],
    trainCount: 10_000,
    testCount: 2_000,
    validationSize: 1_000,
    licence: 'MIT, © 2017 Zalando SE',
    files: {
      trainImages: {
        name: FILE_NAMES.trainImages,
        bytes: 4_369_739,
        sha256: 'cddb14a12afbd3d4190468e96cb5976e87ef44c39880d96b9a199903b4443462',
        contentSha256: 'd33512cfdc636a0d8972818e6659995be209a88891df7fa2109d7895922c8985',
      },
      trainLabels: {
        name: FILE_NAMES.trainLabels,
        bytes: 4_743,
        sha256: '326104724a8567d9b2fdd8cdad7b90ee01a3fb97d2b075697e2f0f8e57c3db13',
        contentSha256: '620cb8e3b9348037c5ff9a07b02d773ab165330e072dfd19e0d21c59f8042dcf',
      },
      testImages: {
        name: FILE_NAMES.testImages,
        bytes: 875_766,
        sha256: 'e93793746c079f48c4d3b837cc88d8fc38ca5f62edd349453ff317af11f10778',
        contentSha256: '15a92dd1e9b16ea361928086e77df4dfa890c255c00b5a8c8162c1040ce8eef1',
      },
      testLabels: {
        name: FILE_NAMES.testLabels,
        bytes: 938,
        sha256: '723796dfebc76a3bcae53f5b9be602ddf7ddb019ddf25ac429fef730c0f45e75',
        contentSha256: '234596aeb6eb48133ec99a62541f90bc0728c9559a681f1e0638037462458f2c',
      },
    },
  },
  {
    name: 'fashion-mnist',
    format: 'idx',
    title: 'Fashion-MNIST',
    classNames: FASHION_CLASSES,
    imageShape: [28, 28, 1],
    trainCount: 60_000,
    testCount: 10_000,
    validationSize: 5_000,
    licence: 'MIT, © 2017 Zalando SE',
    home: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
    files: {
      trainImages: {
        name: FILE_NAMES.trainImages,
        bytes: 26_421_880,
        sha256: '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
        contentSha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      },
      trainLabels: {
        name: FILE_NAMES.trainLabels,
        bytes: 29_515,
        sha256: 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
        contentSha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      },
      testImages: {
        name: FILE_NAMES.testImages,
        bytes: 4_422_102,
        sha256: '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
        contentSha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      },
      testLabels: {
        name: FILE_NAMES.testLabels,
        bytes: 5_148,
        sha256: '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
        contentSha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
      },
    },
  },
  {
    name: 'mnist',
    format: 'idx',
    title: 'MNIST',
    classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    imageShape: [28, 28, 1],
    trainCount: 60_000,
    testCount: 10_000,
    validationSize: 5_000,
    licence: 'CC BY-SA 3.0, Yann LeCun and Corinna Cortes',
    home: 'https://storage.googleapis.com/cvdf-datasets/mnist/',
    files: {
      trainImages: {
        name: FILE_NAMES.trainImages,
        bytes: 9_912_422,
        sha256: '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
        contentSha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      },
      trainLabels: {
        name: FILE_NAMES.trainLabels,
        bytes: 28_881,
        sha256: '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
        contentSha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      },
      testImages: {
        name: FILE_NAMES.testImages,
        bytes: 1_648_877,
        sha256: '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
        contentSha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      },
      testLabels: {
        name: FILE_NAMES.testLabels,
        bytes: 4_542,
        sha256: 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
        contentSha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
      },
    },
  },
  {
    name: 'cifar10',
    format: 'cifar',
    title: 'CIFAR-10',
    classNames: CIFAR10_CLASSES,
    imageShape: [32, 32, 3],
    trainCount: 50_000,
    testCount: 10_000,
    validationSize: 5_000,
    licence:
      'none stated; Alex Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009',
    home: CIFAR_HOME,
    layout: { labelBytes: 1, label: 0, classes: 10 },
    trainFiles: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
    testFiles: ['test_batch.bin'],
    archive: 'cifar-10-binary.tar.gz',
    archiveMd5: 'c32a1d4ab5d03f1284b67883e8d87530',
    archiveFolder: 'cifar-10-batches-bin',
  },
  {
    name: 'cifar100',
    format: 'cifar',
    title: 'CIFAR-100',
    classNames: CIFAR100_CLASSES,
    imageShape: [32, 32, 3],
    trainCount: 50_000,
    testCount: 10_000,
    validationSize: 5_000,
    licence:
      'none stated; Alex Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009',
    home: CIFAR_HOME,
    // The coarse label comes first.
    layout: { labelBytes: 2, label: 1, classes: 100 },
    trainFiles: ['train.bin'],
    testFiles: ['test.bin'],
    archive: 'cifar-100-binary.tar.gz',
    archiveMd5: '03b5dce01913d631647c71ecec9e9cb8',
    archiveFolder: 'cifar-100-binary',
  },
];

/**
 * The row of a data set.
 *
 * @throws UnknownNameError with the nearest known name.
 */
export function datasetRow(name: string): DatasetRow {
  const row = datasetCatalog.find((candidate) => candidate.name === name);
  if (row === undefined) {
    throw new UnknownNameError(
      'dataset',
      name,
      datasetCatalog.map((candidate) => candidate.name),
    );
  }
  return row;
}

/** The row of MNIST or one of its successors. @throws UnknownNameError for another name. */
export function idxDatasetRow(name: string): IdxDatasetRow {
  const rows = datasetCatalog.flatMap((row) => (row.format === 'idx' ? [row] : []));
  const row = rows.find((candidate) => candidate.name === name);
  if (row !== undefined) return row;
  throw new UnknownNameError(
    'dataset of IDX files',
    name,
    rows.map((candidate) => candidate.name),
  );
}
