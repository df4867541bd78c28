import { render } from 'preact';
import './look/page.css';
import { applyStoredTheme } from './look/theme.js';
import { Page } from './page.js';

applyStoredTheme();
render(<Page />, document.getElementById('page')!);
