// SPDX-License-Identifier: Apache-2.0

// Package cron reads the cron expressions of Cron Triggers and tells when they are due.
//
// An expression has five fields: minutes, hours, days of the month, months and weekdays. Times are UTC. Weekdays count
// from 1, which is Sunday, to 7. The grammar is that of cloudflare/saffron (saffron/src/parse.rs), the parser behind
// Cron Triggers, which is that of the documentation
// (developers.cloudflare.com/workers/configuration/cron-triggers/#supported-cron-expressions) and some more:
//
//   - every value
//     3          a value; months and weekdays have names too, of three letters in either case
//     1-5        a range, which may pass the end: "fri-mon"
//     */5        every fifth value; also 10/5, to the end, and 10-30/5
//     1,2-4,*/7  several of the above; here a star without a step stands for the smallest value
//     L          day of the month: the last; weekday: Saturday
//     L-3        the third day before the last
//     15W        the weekday (Monday to Friday) nearest to the 15th, in the same month
//     LW, L-3W   the weekday nearest to the last day, or to the third before it
//     6L         the last Friday of the month
//     6#2        the second Friday of the month
//
// L, W and # stand alone in their field. Where days of the month and weekdays are both restricted, a day that matches
// either is due (saffron/src/lib.rs, Cron::contains).
package cron
