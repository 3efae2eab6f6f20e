import type { Digest } from '../model/digest.ts';
import type { WrittenPin } from './pinned.ts';
import type { Previous } from './previous.ts';
import { keyOf, type WrittenRule } from './written.ts';

/** What a new file says otherwise than the one before: `npm left-pad@1.3.0`, or `npm left-pad` of rules. */
export interface Changes {
  readonly added: readonly string[];
  /** The same version with other digests, or the same name with another range. */
  readonly changed: readonly { readonly subject: string; readonly before: string; readonly after: string }[];
  readonly gone: readonly string[];
}

export function changesOf(
  before: Previous,
  pins: readonly WrittenPin[],
  rules: readonly WrittenRule[] | null,
): Changes {
  const was = new Map([
    ...[...before.pins].map(([key, digests]): [string, string] => [key, together(digests)]),
    ...before.rules,
  ]);
  const is = new Map(
    rules
      ? rules.map(({ ecosystem, name, versions }) => [`${ecosystem} ${name}`, versions])
      : pins.map((pin) => [keyOf(pin), together(pin.digests)]),
  );
  return {
    added: [...is.keys()].filter((key) => !was.has(key)),
    changed: [...is].flatMap(([subject, after]) => {
      const earlier = was.get(subject);
      return earlier === undefined || earlier === after ? [] : [{ subject, before: earlier, after }];
    }),
    gone: [...was.keys()].filter((key) => !is.has(key)),
  };
}

function together(digests: readonly Digest[]): string {
  return [...digests].sort().join(' ');
}
