import type { LedgerActions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** The commands of the ledger, each loaded when it is run. */
export function ledgerActions(given: Given): LedgerActions {
  const { orSay } = given;
  return {
    ledgerList: (options) => orSay(async () => (await import('./list.ts')).list(given, options)),
    ledgerShow: (entry, options) =>
      orSay(async () => (await import('./show.ts')).show(given, entry, options)),
    ledgerStats: (options) => orSay(async () => (await import('./stats.ts')).stats(given, options)),
    ledgerVerify: (options) => orSay(async () => (await import('./verify.ts')).verify(given, options)),
    ledgerProve: (entry, options) =>
      orSay(async () => (await import('./prove.ts')).prove(given, entry, options)),
    ledgerVerifyProof: (file, options) =>
      orSay(async () => (await import('./verify-proof.ts')).verifyProof(given, file, options)),
    ledgerExport: (options) => orSay(async () => (await import('./export.ts')).exportEntries(given, options)),
    ledgerReindex: (options) => orSay(async () => (await import('./reindex.ts')).reindex(given, options)),
    ledgerRotate: (options) => orSay(async () => (await import('./rotate.ts')).rotate(given, options)),
    ledgerWithdraw: (options) => orSay(async () => (await import('./withdraw.ts')).withdraw(given, options)),
    ledgerForget: (tenant, options) =>
      orSay(async () => (await import('./forget.ts')).forget(given, tenant, options)),
    replay: (entry, options) =>
      orSay(async () => (await import('../replay/replay.ts')).replay(given, entry, options)),
  };
}
