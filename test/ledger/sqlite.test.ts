import { ledgerContract } from './contract.ts';
import { openTemporary, temporaryFolder } from './samples.ts';

ledgerContract('SQLite', () => {
  const dir = temporaryFolder();
  return { open: () => openTemporary(dir) };
});
