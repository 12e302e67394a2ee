const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 10 to a whole power as people write it: −3 → `10⁻³`. */
export function powerOfTen(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => RAISED[Number(digit)]);
  return `10${exponent < 0 ? '⁻' : ''}${digits.join('')}`;
}
