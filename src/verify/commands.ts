/*
 * Commands that a person, a script or an agent types and means the system's own, its interpreters or its package
 * managers: where a package brings one of such a name, its folder of commands comes first on many a path.
 */

const SHELLS = 'sh bash dash zsh fish ksh csh tcsh ash busybox env sudo su doas';
const FILES =
  'ls cat cp mv rm ln mkdir rmdir touch chmod chown chgrp find xargs grep egrep fgrep sed awk gawk sort head tail tee cut tr wc df du dd echo printf pwd which whoami id uname hostname date sleep kill ps top test true false tar gzip gunzip unzip zip';
const NETWORK =
  'curl wget ssh scp sftp ssh-add ssh-agent ssh-keygen rsync ping nc ncat telnet ftp dig nslookup';
const TOOLS =
  'git gpg gpg2 openssl make cc gcc g++ c++ clang ld ar as go gofmt cargo rustc rustup java javac docker podman kubectl systemctl crontab apt apt-get dpkg yum dnf rpm apk pacman brew';
const PACKAGES =
  'activate activate_this deactivate pip pipx easy_install uv uvx conda mamba micromamba pyenv node nodejs npm npx pnpm pnpx yarn yarnpkg corepack bun bunx deno';
const WINDOWS = 'cmd powershell pwsh py pyw wscript cscript certutil';

const COMMANDS: ReadonlySet<string> = new Set(
  [SHELLS, FILES, NETWORK, TOOLS, PACKAGES, WINDOWS].join(' ').split(' '),
);

/** Interpreters and pip with any version behind: `python3.13`, `pythonw`, `pypy3`, `pip3.13`, `pip-3.13`. */
const VERSIONED = /^(?:(?:python|pypy)w?|pip|easy_install)-?[0-9.]*t?$/;

/** What a system runs without its ending: `git.exe` is `git`, `pip.cmd` is `pip`. */
const ENDING = /\.(?:exe|com|bat|cmd|ps1|py|pyw|sh|csh|fish|nu|xsh)$/;

/**
 * The command of the platform that a script of this name would be taken for, whatever its case and ending; null where
 * it is none: `PIP3.exe` → `pip3`.
 */
export function platformCommand(script: string): string | null {
  const name = script.normalize('NFKC').toLowerCase().replace(ENDING, '');
  return COMMANDS.has(name) || VERSIONED.test(name) ? name : null;
}
