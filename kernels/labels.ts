/** The class that a sparse label names, or −1 when it is not one of `classes`. */
export function sparseLabel(labels: usize, row: i32, classes: i32): i32 {
  const label = load<f32>(labels + ((<usize>row) << 2));
  return label >= 0 && label < <f32>classes ? <i32>label : -1;
}

/** Place of the first maximum of `classes` floats; −1 when there are none. */
export function firstMaximum(x: usize, classes: i32): i32 {
  if (classes == 0) return -1;
  let place = 0;
  let best = load<f32>(x);
  for (let c = 1; c < classes; c++) {
    const value = load<f32>(x + ((<usize>c) << 2));
    if (value > best) {
      best = value;
      place = c;
    }
  }
  return place;
}
