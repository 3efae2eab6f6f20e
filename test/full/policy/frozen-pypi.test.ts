import { PYTHON_CLIENTS } from '../../harness/clients/python-clients.ts';
import { frozen } from './frozen.ts';

frozen(PYTHON_CLIENTS);
