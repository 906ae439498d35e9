import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Programs of Debian's slurm-wlm and munge, which are in no user's path there. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
/** Seconds between a requeue and the next start, at least 5; Slurm's own 120 would be most of the test. */
const REQUEUE_DELAY = 5;

export interface SlurmCluster {
  /** What clients need in their environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Output of a client, such as `squeue`. @throws Error with what it said */
  run(program: string, ...args: readonly string[]): string;
  /** Ends what was started, each by its process id. */
  stop(): Promise<void>;
}

/** What is missing for a cluster on this machine; nothing if all is there. */
export function missingForSlurm(): string | undefined {
  const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter(
    (program) => !PATH.split(':').some((folder) => existsSync(join(folder, program))),
  );
  if (missing.length > 0) return `${missing.join(', ')} (Debian: slurm-wlm munge)`;
  return process.getuid?.() === 0 ? undefined : 'root, which slurmd runs jobs as';
}

/** A real Slurm on the loopback interface, with all its files in one folder: a controller, a node, and munge between them. */
export async function startSlurm(folder: string): Promise<SlurmCluster> {
  const at = (name: string) => join(folder, name);
  for (const name of ['state', 'spool']) mkdirSync(at(name), { recursive: true });
  writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o400 });
  const host = hostname().split('.')[0]!;
  const [controllerPort, nodePort] = [16_817, 16_818];
  writeFileSync(
    at('slurm.conf'),
    `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${at('munge.socket')},cred_expire=${REQUEUE_DELAY}
StateSaveLocation=${at('state')}
SlurmdSpoolDir=${at('spool')}
SlurmctldPidFile=${at('slurmctld.pid')}
SlurmdPidFile=${at('slurmd.pid')}
SlurmctldLogFile=${at('slurmctld.log')}
SlurmdLogFile=${at('slurmd.log')}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
KillWait=5
SchedulerParameters=sched_interval=2
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} RealMemory=${Math.floor(totalmem() / 2 ** 21)} State=UNKNOWN
PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`,
  );
  const env = { ...process.env, PATH, SLURM_CONF: at('slurm.conf') };
  const run = (program: string, ...args: readonly string[]) => {
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
    return stdout;
  };
  const stop = async () => {
    for (const name of ['slurmctld', 'slurmd', 'munged']) await endByPidFile(at(`${name}.pid`));
  };
  try {
    const files = ['socket', 'key', 'pid', 'log', 'seed'] as const;
    const names = {
      socket: 'munge.socket',
      key: 'munge.key',
      pid: 'munged.pid',
      log: 'munged.log',
      seed: 'munge.seed',
    };
    run(
      'munged',
      '--force',
      ...files.map((file) => `--${file === 'socket' ? file : `${file}-file`}=${at(names[file])}`),
    );
    run('slurmctld', '-f', at('slurm.conf'));
    run('slurmd', '-f', at('slurm.conf'));
    while (!/idle/.test(run('sinfo', '--noheader', '--format=%T'))) await delay(300);
  } catch (error) {
    await stop();
    throw error;
  }
  return { env, run, stop };
}

async function endByPidFile(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const pid = Number(readFileSync(path, 'utf8'));
  try {
    process.kill(pid, 'SIGTERM');
    for (let i = 0; i < 100; i++) {
      process.kill(pid, 0);
      await delay(100);
    }
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
