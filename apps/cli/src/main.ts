#!/usr/bin/env node
import { runCommandLine } from './command-line.js';
import { guardOutput } from './output.js';

guardOutput();
const code = await runCommandLine(process.argv.slice(2));
// A command that goes on after a failure has set its own code.
if (code !== 0) process.exitCode = code;
