/**
 * The logarithm, sine and cosine of the C library, whose results in float32 differ in their last bit from
 * rounded results in float64 about once in a hundred times. The algorithms and their constants are those of
 * Arm's optimized routines (MIT licence), which glibc has had since 2.28; every step is exact in float64 up
 * to the last rounding. Only the arguments that Box and Muller's method needs are handled.
 */

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** 1 / c and ln c for 16 values c, whose intervals cover [0.7, 1.4). */
const LOG_TABLE: readonly (readonly [inverse: number, log: number])[] = [
  [1.398907162146528, -0.33569133332882284],
  [1.3403141896637998, -0.2929040563774074],
  [1.286432210124115, -0.2518726580937369],
  [1.2367150214269895, -0.21245868807117255],
  [1.1906977166711752, -0.17453945183745634],
  [1.1479821020556429, -0.1380057072319758],
  [1.1082251448272158, -0.10275976698545139],
  [1.0711297413057381, -0.06871392447020525],
  [1.036437278977283, -0.0357891387398228],
  [1, 0],
  [0.9492859795739057, 0.05204517742929496],
  [0.8951049428609004, 0.11081431298787942],
  [0.8476821620351103, 0.1652495223695143],
  [0.8050314851692001, 0.21687389031699977],
  [0.7664671008843108, 0.2659635028121397],
  [0.731428603316328, 0.3127556664073557],
];
const LOG_POLYNOMIAL = [-0.25089342214237154, 0.333456765744066, -0.4999997485802103];
const LOG_OFFSET = 0x3f330000;
const ONE_BITS = 0x3f800000;
const MANTISSA_BITS = 23;

/** ln x of a normal float32 x > 0, as C's `logf` rounds it. */
export function logFloat32(x: number): number {
  float[0] = x;
  const given = bits[0];
  if (given === ONE_BITS) return 0;
  const shifted = (given - LOG_OFFSET) | 0;
  const exponent = shifted >> MANTISSA_BITS;
  const [inverse, log] = LOG_TABLE[(shifted >>> (MANTISSA_BITS - 4)) & 15];
  bits[0] = given - (exponent << MANTISSA_BITS);
  const r = float[0] * inverse - 1;
  const square = r * r;
  const [a0, a1, a2] = LOG_POLYNOMIAL;
  const higher = a0 * square + (a1 * r + a2);
  return Math.fround(higher * square + (log + exponent * Math.LN2 + r));
}

const SINE = [-0.16666654943701084, 0.008332178146138854, -0.00019517298981385725];
const COSINE = [
  1, -0.49999999725108224, 0.041666623324344516, -0.001388676379437604, 0.000024390450703564542,
];
const HALF_PI = Math.PI / 2;
/** 2 / π in units of 2^-24, so that truncation leaves quarters of a turn to be rounded. */
const QUARTERS = 0.6366197723675814 * 2 ** 24;
const QUARTER_PI_FLOAT = Math.fround(Math.PI / 4);
const TINY = 2 ** -12;

function sinePolynomial(x: number, square: number): number {
  const [s1, s2, s3] = SINE;
  const cube = x * square;
  return x + cube * s1 + cube * square * (s2 + square * s3);
}

function cosinePolynomial(square: number): number {
  const [c0, c1, c2, c3, c4] = COSINE;
  const fourth = square * square;
  return c0 + square * c1 + fourth * c2 + fourth * square * (c3 + square * c4);
}

/** [sin x, cos x] of a float32 x from 0 to 2π, as C's `sincosf` rounds them. */
export function sinCosFloat32(x: number): [sine: number, cosine: number] {
  const { fround } = Math;
  if (x < TINY) return [x, 1];
  if (x < QUARTER_PI_FLOAT) {
    return [fround(sinePolynomial(x, x * x)), fround(cosinePolynomial(x * x))];
  }
  const quarters = (Math.trunc(x * QUARTERS) + 2 ** 23) >> 24;
  const rest = x - quarters * HALF_PI;
  const square = rest * rest;
  const sine = fround(sinePolynomial(rest, square));
  const cosine = fround(cosinePolynomial(square));
  switch (quarters & 3) {
    case 0:
      return [sine, cosine];
    case 1:
      return [cosine, -sine];
    case 2:
      return [-sine, -cosine];
    default:
      return [-cosine, sine];
  }
}
