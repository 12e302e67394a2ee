// The kernels that gain from multiplying and adding in one instruction, compiled for relaxed SIMD into a
// small module of their own, which engines without it refuse.
export { convDirect_f32, convDirectFilterGradient_f32 } from './conv-direct';
export { gemm_f32 } from './gemm';
