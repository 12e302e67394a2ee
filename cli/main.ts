#!/usr/bin/env node
console.error('The command line is not built into this version.');
process.exitCode = 1;
