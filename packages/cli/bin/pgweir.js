#!/usr/bin/env node
// Is there before anything is built: npm links a program only when its file exists.
require('../dist/main.js');
