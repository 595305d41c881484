import { render } from 'preact';
import { App } from './app';
import { applyTheme, chosenTheme } from './theme';

applyTheme(chosenTheme());
const root = document.getElementById('page');
if (root !== null) render(<App />, root);
