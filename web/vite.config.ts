import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../services/gateway/web/dist",
    emptyOutDir: true,
    target: "es2022",
    // The policy of the page allows no inline code, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: { index: "index.html", docs: "docs.html" } },
  },
});
