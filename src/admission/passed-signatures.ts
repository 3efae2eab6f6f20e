import type { PackageName } from '../model/artifact.ts';
import { algorithmOf } from '../model/digest.ts';
import type { RegistrySignature } from '../model/evidence.ts';
import type { ListedFile } from '../model/listing.ts';
import { verifiedSignatures } from '../verify/npm/registry-signature.ts';
import type { Trust } from '../verify/trust.ts';

/**
 * Which of an index's signatures may be passed on: those that verify over the sha512 that it declares. An answer
 * is remembered while the trust stays the same, because a package has thousands of versions; `capacity` of them,
 * oldest first out.
 */
export class PassedSignatures {
  readonly #capacity: number;
  readonly #known = new Map<string, readonly RegistrySignature[]>();
  #trust: Pick<Trust, 'keys'> | null = null;

  constructor(capacity = 32_768) {
    this.#capacity = capacity;
  }

  setTrust(trust: Pick<Trust, 'keys'>): void {
    this.#trust = trust;
    this.#known.clear();
  }

  /** None while there is no trust, and none for a file with another count of sha512 than one. */
  of(
    name: PackageName,
    file: Pick<ListedFile, 'version' | 'digests' | 'evidence'>,
    now: number,
  ): readonly RegistrySignature[] {
    const { signatures } = file.evidence;
    const [sha512, another] = file.digests.filter((digest) => algorithmOf(digest) === 'sha512');
    if (!this.#trust || !sha512 || another || signatures.length === 0) return [];
    // None of these can have a line break in it.
    const key = [name, file.version, sha512, ...signatures.flatMap(({ keyid, sig }) => [keyid, sig])].join(
      '\n',
    );
    const known = this.#known.get(key);
    if (known) return known;
    const verified = verifiedSignatures(
      this.#trust,
      { name, version: file.version, sha512 },
      signatures,
      now,
    );
    this.#known.set(key, verified);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#capacity) break;
      this.#known.delete(oldest);
    }
    return verified;
  }
}
