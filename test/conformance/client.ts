/*
 * Our verifier as a client of sigstore-conformance (its docs/cli_protocol.md), for the unmodified suite:
 *
 *   pytest test --entrypoint=PATH/TO/sallyport/test/conformance/client.sh --skip-signing
 *
 *   client.sh verify-bundle [--staging] --bundle F (--certificate-identity I --certificate-oidc-issuer U | --key PEM)
 *                           [--trusted-root F] FILE|sha256:HEX
 *
 * Exits 0 where the bundle holds, 1 where it does not (the reason on stderr), 2 where it was asked something else.
 * Without --trusted-root the project's own root counts; --staging needs the fixtures.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EvidenceFault } from '../../src/verify/fault.ts';
import { TrustError } from '../../src/verify/trust.ts';
import { fixturePath } from '../harness/fixtures.ts';
import { type VerifyRequest, verifyRequest } from './request.ts';

const TRUST = join(import.meta.dirname, '..', '..', 'trust');

process.exitCode = run(process.argv.slice(2));

function run(args: string[]): number {
  let request: VerifyRequest;
  try {
    request = requestOf(args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  try {
    verifyRequest(request, Date.now());
    return 0;
  } catch (error) {
    if (error instanceof EvidenceFault) console.error(`the bundle ${error.words}`);
    else if (error instanceof TrustError) console.error(error.message);
    else console.error(error);
    return 1;
  }
}

function requestOf(args: string[]): VerifyRequest {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      staging: { type: 'boolean', default: false },
      bundle: { type: 'string' },
      'certificate-identity': { type: 'string' },
      'certificate-oidc-issuer': { type: 'string' },
      key: { type: 'string' },
      'trusted-root': { type: 'string' },
    },
  });
  const [command, subject, ...others] = positionals;
  const { bundle, key, 'certificate-identity': identity, 'certificate-oidc-issuer': issuer } = values;
  if (command !== 'verify-bundle' || subject === undefined || others.length > 0 || bundle === undefined)
    throw new Error('usage: verify-bundle --bundle FILE … FILE|sha256:HEX');
  const byIdentity = identity !== undefined && issuer !== undefined;
  if (byIdentity === (key !== undefined)) throw new Error('either an identity with its issuer, or a key');
  const [, sha256] = /^sha256:([0-9a-f]{64})$/.exec(subject) ?? [];
  const ownRoot = values.staging
    ? fixturePath('trust', 'staging-trusted_root.json')
    : join(TRUST, 'trusted_root.json');
  return {
    bundle: readFileSync(bundle),
    trustedRoot: readFileSync(values['trusted-root'] ?? ownRoot),
    npmKeys: readFileSync(join(TRUST, 'npm-keys.json')),
    artifact: sha256 === undefined ? { bytes: readFileSync(subject) } : { sha256 },
    signer: byIdentity ? { identity, issuer } : { key: readFileSync(key ?? '', 'utf8') },
  };
}
