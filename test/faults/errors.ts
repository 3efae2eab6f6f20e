import { NotOpen } from '../../src/admission/ports.ts';
import { IndexUnreadable } from '../../src/ecosystems/ecosystem.ts';
import { EvidenceUnreadable } from '../../src/ecosystems/evidence-document.ts';
import { BodyUnreadable } from '../../src/gate/intake.ts';
import { LedgerError } from '../../src/ledger/ledger.ts';
import { UpstreamFault } from '../../src/upstream/upstream.ts';
import { VaultDamaged } from '../../src/vault/vault.ts';

/** What may be thrown: what nobody expects, and each kind that some `catch` treats in a way of its own. */
export const ERRORS = {
  plain: () => new Error('injected'),
  nothing: () => undefined,
  'full disk': () => Object.assign(new Error('injected'), { code: 'ENOSPC' }),
  upstream: () => new UpstreamFault('UPSTREAM_FAULT', 'injected'),
  'upstream, too large': () => new UpstreamFault('TOO_LARGE', 'injected'),
  ledger: () => new LedgerError('unavailable', 'injected'),
  conflict: () => new LedgerError('conflict', 'injected'),
  damage: () => new VaultDamaged('injected'),
  'not open': () => new NotOpen('injected'),
  index: () => new IndexUnreadable('injected'),
  evidence: () => new EvidenceUnreadable('injected'),
  body: () => new BodyUnreadable('injected'),
} as const satisfies Record<string, () => unknown>;
