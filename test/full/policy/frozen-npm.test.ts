import { NPM_CLIENTS } from '../../harness/clients/npm-clients.ts';
import { frozen } from './frozen.ts';

// deno's lockfile is none that is imported.
frozen(NPM_CLIENTS.filter(({ id }) => id !== 'deno'));
