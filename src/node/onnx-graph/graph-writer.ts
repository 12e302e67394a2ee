import type { Shape } from '../../core/shape.js';
import type { WeightRecipe } from './weight-recipe.js';
import { recipeShape } from './weight-recipe.js';

/** A plan asks for something that has no form as a graph over any number of samples. */
export class NotTranslatable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotTranslatable';
  }
}

/** An array of the graph `[samples · …, ...tail]`, under a name for each tail that was asked for. */
export interface GraphTensor {
  readonly kind: 'tensor';
  /** The tail it was computed with. */
  readonly tail: Shape;
  readonly forms: Map<string, string>;
}

/** A node with one result; attributes are whole numbers or lists of them. */
export interface GraphNode {
  operator: string;
  inputs: readonly string[];
  output: string;
  attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A constant, by how it is made. */
export type ConstantRecipe = WeightRecipe | { kind: 'integers'; values: readonly number[] };

/** Nodes and constants of a graph under construction; equal constants are made once. */
export class GraphWriter {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, { name: string; recipe: ConstantRecipe }>();
  #names = 0;

  /** An array that the caller feeds. */
  input(tail: Shape): GraphTensor {
    return this.#tensor(this.#name(), tail);
  }

  /** Adds a node over tensors in the given forms and constants; its result has the given tail. */
  add(
    operator: string,
    inputs: readonly string[],
    tail: Shape,
    attributes?: GraphNode['attributes'],
  ): GraphTensor {
    const output = this.#name();
    this.nodes.push({ operator, inputs, output, ...(attributes && { attributes }) });
    return this.#tensor(output, tail);
  }

  /** Name of the tensor with another tail of as many elements for each sample, or fewer axes. */
  form(tensor: GraphTensor, tail: Shape = tensor.tail): string {
    const key = tail.join();
    const known = tensor.forms.get(key);
    if (known !== undefined) return known;
    const output = this.#name();
    const own = tensor.forms.get(tensor.tail.join()) as string;
    const inputs = [own, this.integers([-1, ...tail])];
    this.nodes.push({ operator: 'Reshape', inputs, output });
    tensor.forms.set(key, output);
    return output;
  }

  /** Name of a constant list of whole numbers. */
  integers(values: readonly number[]): string {
    return this.constant({ kind: 'integers', values });
  }

  /** Name of a constant. */
  constant(recipe: ConstantRecipe): string {
    const key = JSON.stringify(recipe);
    const known = this.constants.get(key);
    if (known !== undefined) return known.name;
    const name = this.#name();
    this.constants.set(key, { name, recipe });
    return name;
  }

  #tensor(name: string, tail: Shape): GraphTensor {
    return { kind: 'tensor', tail, forms: new Map([[tail.join(), name]]) };
  }

  #name(): string {
    this.#names++;
    return `v${this.#names}`;
  }
}

/** Shape of a constant. */
export function constantShape(recipe: ConstantRecipe): Shape {
  return recipe.kind === 'integers' ? [recipe.values.length] : recipeShape(recipe);
}
