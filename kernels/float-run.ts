/** Copies `count` contiguous float32; the two ranges must not overlap. */
export function copyRun(source: usize, target: usize, count: i32): void {
  if (count < 4) {
    for (let i = 0; i < count; i++) {
      store<f32>(target, load<f32>(source));
      source += 4;
      target += 4;
    }
    return;
  }
  const last = ((<usize>count) << 2) - 16;
  const lastSource = source + last;
  const lastTarget = target + last;
  while (source + 48 <= lastSource) {
    v128.store(target, v128.load(source));
    v128.store(target, v128.load(source, 16), 16);
    v128.store(target, v128.load(source, 32), 32);
    v128.store(target, v128.load(source, 48), 48);
    source += 64;
    target += 64;
  }
  while (source < lastSource) {
    v128.store(target, v128.load(source));
    source += 16;
    target += 16;
  }
  v128.store(lastTarget, v128.load(lastSource));
}

/** Sets `count` contiguous float32 to zero. */
export function zeroRun(target: usize, count: i32): void {
  const zero = f32x4.splat(0);
  const end = target + ((<usize>count) << 2);
  for (; target + 16 <= end; target += 16) v128.store(target, zero);
  for (; target < end; target += 4) store<f32>(target, 0);
}

/** target[i] += source[i] for `count` contiguous float32. */
export function addRun(source: usize, target: usize, count: i32): void {
  const end = source + ((<usize>count) << 2);
  while (source + 64 <= end) {
    const a = f32x4.add(v128.load(target), v128.load(source));
    const b = f32x4.add(v128.load(target, 16), v128.load(source, 16));
    const c = f32x4.add(v128.load(target, 32), v128.load(source, 32));
    const d = f32x4.add(v128.load(target, 48), v128.load(source, 48));
    v128.store(target, a);
    v128.store(target, b, 16);
    v128.store(target, c, 32);
    v128.store(target, d, 48);
    source += 64;
    target += 64;
  }
  for (; source + 16 <= end; source += 16) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
    target += 16;
  }
  for (; source < end; source += 4) {
    store<f32>(target, load<f32>(target) + load<f32>(source));
    target += 4;
  }
}
