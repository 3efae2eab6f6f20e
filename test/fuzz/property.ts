import fc from 'fast-check';

/**
 * Something that holds for every input. Inputs are plain data and bytes, so that each can be kept as a file of
 * test/corpus, and given again for ever.
 */
export interface Property {
  /** Also the folder of its corpus. */
  readonly name: string;
  /** How many inputs the fast tier gives it: a fraction of a second of them. */
  readonly runs: number;
  /** Gives `runs` inputs from `seed` on. Rejects with what is wrong and the smallest input that shows it. */
  fuzz(runs: number, seed: number): Promise<void>;
  /** One input, as a corpus file has it. Rejects with what is wrong. */
  replay(input: unknown): Promise<void>;
}

/** `check` throws, or rejects, where the property does not hold. */
export function property<T>(
  name: string,
  runs: number,
  inputs: fc.Arbitrary<T>,
  check: (input: T) => void | Promise<void>,
): Property {
  return {
    name,
    runs,
    async fuzz(numRuns, seed) {
      const wrapped = fc.asyncProperty(inputs, async (input) => check(input));
      const { failed, counterexample, errorInstance, counterexamplePath } = await fc.check(wrapped, {
        numRuns,
        seed,
      });
      if (!failed) return;
      const input = counterexample ? toText(counterexample[0]) : 'none';
      throw new Error(`${name} (seed ${seed}, path ${counterexamplePath}), input ${input}`, {
        cause: errorInstance,
      });
    },
    replay: async (input) => check(input as T),
  };
}

/** An input as a corpus file has it: JSON, in which bytes are `{ "base64": … }`. */
export function toText(input: unknown): string {
  return JSON.stringify(input, (_key, value: unknown) =>
    value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value,
  );
}

export function fromText(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('base64' in value)) return value;
    return Buffer.from(String(value.base64), 'base64');
  });
}

/** Bytes that a Buffer's own `toJSON` would make numbers of. */
export function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}
