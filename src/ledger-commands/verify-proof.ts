import { printable } from '../cli/ledger-line.ts';
import type { LedgerProofOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { readForm } from '../ledger/audit/entry-form.ts';
import { LogError } from '../ledger/log/log-error.ts';
import { parseTlogProof, verifyTlogProof } from '../ledger/log/tlog-proof.ts';
import type { Given } from './given.ts';
import { BadOption, fileOf, keysOf, policyOf } from './keys.ts';

/** `sallyport ledger verify-proof FILE`: needs no ledger, no configuration and no network. */
export async function verifyProof(
  { out }: Given,
  file: string,
  options: LedgerProofOptions,
): Promise<number> {
  try {
    const text = await fileOf(file, 'the proof');
    const keys = await keysOf(options.key ?? '');
    const policy = options.witnesses === undefined ? undefined : await policyOf(options.witnesses);
    const proof = parseTlogProof(text);
    const origin = proof.checkpoint.split('\n')[0];
    const key = keys.find(({ name }) => name === origin);
    if (!key)
      throw new LogError(
        `the proof is of ${origin}, and the key is of ${keys.map(({ name }) => name).join(', ')}`,
      );
    const { entry, index, checkpoint, cosigned } = verifyTlogProof(proof, key, policy);
    if (policy !== undefined && !cosigned.met)
      throw new LogError('the checkpoint has not the cosignatures that the witness policy asks for');
    const read = readForm(entry);
    if (typeof read === 'string') throw new LogError(`what is proved is no entry of a ledger: it ${read}`);
    const witnesses = cosigned.witnesses.map(({ name, time }) => ({ name, time }));
    const { size } = checkpoint;
    if (options.json) out.print(printable(JSON.stringify({ origin, index, size, witnesses, entry: read })));
    else out.print(printable(JSON.stringify(read, null, 2)));
    out.say(`verified: entry ${index} of ${origin}, in the tree of ${size}`);
    for (const { name, time } of witnesses)
      out.say(`cosigned by ${name} at ${new Date(time * 1000).toISOString()}`);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof BadOption) {
      out.say(`sallyport: ${error.message}`);
      return EXIT.usage;
    }
    if (!(error instanceof LogError)) throw error;
    out.say(`sallyport: not verified: ${error.message}`);
    return EXIT.refused;
  }
}
