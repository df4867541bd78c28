import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The page as files for `@fastify/static`: no inline script or style, nothing from elsewhere, so that a strict content security policy holds. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so that the page also works below a path of a reverse proxy.
  base: './',
  logLevel: 'warn',
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, sourcemap: true },
});
