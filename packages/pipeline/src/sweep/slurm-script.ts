import { join } from 'node:path';
import type { Sweep } from './load-sweep.js';
import type { SweepTask } from './plan.js';

/** Exit code of `nats` after SIGTERM: what was done is kept, start again. */
const REQUEUE = 75;

/** What a launcher hands on as it is: srun and mpirun answer TERM by ending their processes, saved or not. */
const LAUNCHED = 'USR2';

export interface ScriptOptions {
  /** Program and arguments that do a task whose id follows. */
  readonly command: readonly [string, ...string[]];
  /** Working directory of the tasks. */
  readonly cwd: string;
  /** One id a line: what a task of the array does. */
  readonly list: string;
}

/** The batch script of a job array whose elements each do one task of a list. */
export function slurmScript(
  { name, out, slurm }: Sweep,
  kind: SweepTask['kind'],
  { command, cwd, list }: ScriptOptions,
): string {
  const { partition, account, qos, time, cpusPerTask, memory, gpus, tasks, launch } = slurm;
  const options = {
    'job-name': `${name}-${kind}`,
    partition,
    account,
    qos,
    time,
    ntasks: tasks ?? 1,
    'cpus-per-task': cpusPerTask,
    mem: memory,
    gpus,
    output: join(out, 'logs', `slurm-${kind}-%A_%a.log`),
    'open-mode': 'append',
    signal: `B:TERM@${slurm.warning}`,
  };
  const given = Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [`--${key}=${value}`]));
  const alone = kind === 'latency' ? ['--exclusive'] : [];
  return `#!/bin/bash
${[...given, '--requeue', ...alone, ...slurm.options].map((option) => `#SBATCH ${option}`).join('\n')}
${Object.entries(slurm.environment)
  .map(([key, value]) => `export ${key}=${quoted(value)}\n`)
  .join('')}${slurm.setup.map((line) => `${line}\n`).join('')}cd ${quoted(cwd)} || exit 1
task=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${quoted(list)})
${launch === '' ? '' : `${launch} `}${command.map(quoted).join(' ')} "$task" &
process=$!
# Before the time limit: the task saves and asks to be started again.
trap 'kill -${launch === '' ? 'TERM' : LAUNCHED} "$process" 2>/dev/null' TERM
wait "$process"; code=$?
while kill -0 "$process" 2>/dev/null; do wait "$process"; code=$?; done
# SLURM_JOB_ID of an array's last element is that of the whole array, too.
element="\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
# Not after scancel, which is no wish for more.
if [ "$code" -eq ${REQUEUE} ] && [ "$(squeue --noheader --jobs="$element" --format=%T)" = RUNNING ]; then
  scontrol requeue "$element"
fi
exit "$code"
`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
