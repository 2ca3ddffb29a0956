// SPDX-License-Identifier: Apache-2.0

// An analytics_engine binding, which takes data points and forgets them, as that of workers-sdk, packages/miniflare/src/
// workers/analytics-engine/analytics-engine.worker.ts.
export default function analytics() {
  return { writeDataPoint() {} };
}
