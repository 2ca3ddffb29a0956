// SPDX-License-Identifier: Apache-2.0

package cron_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/cron"
)

const layout = "Mon 2006-01-02 15:04"

// next returns the n times after start.
func next(t *testing.T, expression, start string, n int) []string {
	t.Helper()
	schedule, err := cron.Parse(expression)
	require.NoError(t, err)
	at, err := time.Parse(layout, start)
	require.NoError(t, err)
	var times []string
	for range n {
		at = schedule.Next(at)
		times = append(times, at.Format(layout))
	}
	return times
}

func TestSchedulesAreDue(t *testing.T) {
	t.Parallel()
	const start = "Sun 2026-11-01 00:00"
	for expression, want := range map[string][]string{
		// The examples of the documentation.
		"* * * * *":    {"Sun 2026-11-01 00:01", "Sun 2026-11-01 00:02"},
		"*/30 * * * *": {"Sun 2026-11-01 00:30", "Sun 2026-11-01 01:00"},
		"45 * * * *":   {"Sun 2026-11-01 00:45", "Sun 2026-11-01 01:45"},
		"0 17 * * sun": {"Sun 2026-11-01 17:00", "Sun 2026-11-08 17:00"},
		"0 17 * * 1":   {"Sun 2026-11-01 17:00", "Sun 2026-11-08 17:00"},
		"10 7 * * mon-fri": {
			"Mon 2026-11-02 07:10", "Tue 2026-11-03 07:10", "Wed 2026-11-04 07:10", "Thu 2026-11-05 07:10",
			"Fri 2026-11-06 07:10", "Mon 2026-11-09 07:10",
		},
		"10 7 * * 2-6": {
			"Mon 2026-11-02 07:10", "Tue 2026-11-03 07:10", "Wed 2026-11-04 07:10", "Thu 2026-11-05 07:10",
			"Fri 2026-11-06 07:10", "Mon 2026-11-09 07:10",
		},
		"0 15 1 * *":    {"Sun 2026-11-01 15:00", "Tue 2026-12-01 15:00"},
		"0 18 * * 6L":   {"Fri 2026-11-27 18:00", "Fri 2026-12-25 18:00", "Fri 2027-01-29 18:00"},
		"0 18 * * FriL": {"Fri 2026-11-27 18:00"},
		"59 23 LW * *":  {"Mon 2026-11-30 23:59", "Thu 2026-12-31 23:59", "Fri 2027-01-29 23:59", "Fri 2027-02-26 23:59"},
		// Ranges that pass the end, and steps.
		"0 22-1 * * *":     {"Sun 2026-11-01 01:00", "Sun 2026-11-01 22:00", "Sun 2026-11-01 23:00", "Mon 2026-11-02 00:00"},
		"0 0 * * fri-sun":  {"Fri 2026-11-06 00:00", "Sat 2026-11-07 00:00", "Sun 2026-11-08 00:00"},
		"50/5 0 * * *":     {"Sun 2026-11-01 00:50", "Sun 2026-11-01 00:55", "Mon 2026-11-02 00:50"},
		"10-30/10 0 * * *": {"Sun 2026-11-01 00:10", "Sun 2026-11-01 00:20", "Sun 2026-11-01 00:30", "Mon 2026-11-02 00:10"},
		"0 22-3/2 * * *":   {"Sun 2026-11-01 02:00", "Sun 2026-11-01 22:00", "Mon 2026-11-02 00:00", "Mon 2026-11-02 02:00"},
		"5,7-8,*/30 0 * * *": {
			"Sun 2026-11-01 00:05", "Sun 2026-11-01 00:07", "Sun 2026-11-01 00:08", "Sun 2026-11-01 00:30",
			"Mon 2026-11-02 00:00",
		},
		"5,* 3 * * *":     {"Sun 2026-11-01 03:00", "Sun 2026-11-01 03:05", "Mon 2026-11-02 03:00"},
		"0 0 1 */5 *":     {"Fri 2027-01-01 00:00", "Tue 2027-06-01 00:00", "Mon 2027-11-01 00:00"},
		"0 0 1 FEB,apr *": {"Mon 2027-02-01 00:00", "Thu 2027-04-01 00:00"},
		"00 012 * * *":    {"Sun 2026-11-01 12:00"},
		"0\t12  *\t* *":   {"Sun 2026-11-01 12:00"},
		// Days counted from the end of the month and weekdays near a day.
		"0 0 L * *":     {"Mon 2026-11-30 00:00", "Thu 2026-12-31 00:00", "Sun 2027-01-31 00:00", "Sun 2027-02-28 00:00"},
		"0 0 L-2 * *":   {"Sat 2026-11-28 00:00", "Tue 2026-12-29 00:00"},
		"0 0 L-2W * *":  {"Fri 2026-11-27 00:00", "Tue 2026-12-29 00:00"},
		"0 0 L-30 * *":  {"Tue 2026-12-01 00:00", "Fri 2027-01-01 00:00", "Mon 2027-03-01 00:00"},
		"0 0 1W * *":    {"Mon 2026-11-02 00:00", "Tue 2026-12-01 00:00", "Fri 2027-01-01 00:00"},
		"0 0 1W 5 *":    {"Mon 2027-05-03 00:00"}, // the 1st is a Saturday: not in April
		"0 0 14W 11 *":  {"Fri 2026-11-13 00:00", "Mon 2027-11-15 00:00"},
		"0 0 31W * *":   {"Thu 2026-12-31 00:00", "Fri 2027-01-29 00:00", "Wed 2027-03-31 00:00"},
		"0 0 * * L":     {"Sat 2026-11-07 00:00", "Sat 2026-11-14 00:00"},
		"0 0 * * 1L":    {"Sun 2026-11-29 00:00"},
		"0 0 * * 2L":    {"Mon 2026-11-30 00:00"}, // not the 23rd, a week before the last day
		"0 0 * * 6#2":   {"Fri 2026-11-13 00:00", "Fri 2026-12-11 00:00"},
		"0 0 * * sun#5": {"Sun 2026-11-29 00:00", "Sun 2027-01-31 00:00"},
		"0 12 * * 1#1":  {"Sun 2026-11-01 12:00", "Sun 2026-12-06 12:00"},
		// Days of the month and weekdays add up.
		"0 0 13 * fri": {"Fri 2026-11-06 00:00", "Fri 2026-11-13 00:00", "Fri 2026-11-20 00:00"},
		"0 0 10 * 2":   {"Mon 2026-11-02 00:00", "Mon 2026-11-09 00:00", "Tue 2026-11-10 00:00"},
		// Once in four years.
		"0 0 29 2 *": {"Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"},
	} {
		assert.Equal(t, want, next(t, expression, start, len(want)), expression)
	}
}

func TestTheNextTimeIsAWholeMinuteLater(t *testing.T) {
	t.Parallel()
	schedule, err := cron.Parse("* * * * *")
	require.NoError(t, err)
	at := time.Date(2026, 12, 31, 23, 59, 59, 999, time.FixedZone("", -3600))
	assert.Equal(t, time.Date(2027, 1, 1, 1, 0, 0, 0, time.UTC), schedule.Next(at))
	assert.Equal(t, time.Date(2027, 1, 1, 1, 1, 0, 0, time.UTC), schedule.Next(schedule.Next(at)))
}

func TestSomeSchedulesAreNeverDue(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{"0 0 30 2 *", "0 0 31 4,6 *", "0 0 L-30 2 *", "0 0 30W 2 *"} {
		schedule, err := cron.Parse(expression)
		require.NoError(t, err, expression)
		assert.True(t, schedule.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero(), expression)
	}
	assert.True(t, cron.Schedule{}.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero())
	leap, err := cron.Parse("0 0 29 2 *")
	require.NoError(t, err)
	assert.Equal(t, 2104, leap.Next(time.Date(2096, 3, 1, 0, 0, 0, 0, time.UTC)).Year(), "2100 is no leap year")
}

func TestWrongExpressionsAreRefused(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"":               "has 0 fields",
		"* * * *":        "has 4 fields",
		"* * * * * *":    "has 6 fields",
		" * * * * *":     "begins or ends with a space",
		"60 * * * *":     `minutes: "60" is not a value from 0 to 59`,
		"* 24 * * *":     "hours",
		"* * 0 * *":      `days of the month: "0"`,
		"* * 32 * *":     "days of the month",
		"* * * 13 *":     "months",
		"* * * * 0":      `weekdays: "0" is not a value from 1 to 7`,
		"* * * * 8":      "weekdays",
		"* * * * sunday": "weekdays",
		"* * * janu *":   "months",
		"mon * * * *":    "minutes",
		"*/0 * * * *":    "minutes",
		"*/60 * * * *":   "minutes",
		"* */24 * * *":   "hours",
		"*- * * * *":     "minutes",
		"1,*-3 * * * *":  "star",
		"1- * * * *":     "minutes",
		"1-2-3 * * * *":  "minutes",
		"1/2/3 * * * *":  "minutes",
		"1, * * * *":     "minutes",
		",1 * * * *":     "minutes",
		"-1 * * * *":     "minutes",
		"+1 * * * *":     "minutes",
		"1_0 * * * *":    "minutes",
		"** * * * *":     "minutes",
		"? * * * *":      "minutes",
		"* * ? * *":      "days of the month",
		"* * L,1 * *":    "days of the month",
		"* * 1W,2 * *":   "days of the month",
		"* * 1,LW * *":   "days of the month",
		"* * W * *":      "days of the month",
		"* * L-0 * *":    "days of the month",
		"* * L-31 * *":   "days of the month",
		"* * l * *":      "days of the month",
		"* * 3L * *":     "days of the month",
		"* * * * 6#0":    "weekdays",
		"* * * * 6#6":    "weekdays",
		"* * * * #2":     "weekdays",
		"* * * * 6L,2":   "weekdays",
		"* * * * 1W":     "weekdays",
		"* * * L *":      "months",
		"999 * * * *":    "minutes",
		"٣ * * * *":      "minutes",
	} {
		_, err := cron.Parse(expression)
		assert.ErrorContains(t, err, want, expression)
	}
}

// FuzzNext checks that no text breaks the parser, and that a next time is a whole minute that comes later and is
// reached from every time between.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{
		"*/5 * * * *", "59 23 LW * *", "0 0 L-3W 2 6#5", "1,2-4,*/7 22-3/2 15W jan-MAR fri-mon",
	} {
		f.Add(seed, int64(1_780_000_000), int64(1000))
	}
	f.Fuzz(func(t *testing.T, expression string, seconds, between int64) {
		schedule, err := cron.Parse(expression)
		if err != nil {
			return
		}
		const years = 200 * 366 * 24 * 3600
		at := time.Unix(seconds%years, 0)
		due := schedule.Next(at)
		if due.IsZero() {
			return
		}
		if !due.After(at) || due.Second() != 0 {
			t.Fatalf("%q after %s is due at %s", expression, at, due)
		}
		middle := at.Add(time.Duration(max(0, between)%max(1, int64(due.Sub(at)/time.Second))) * time.Second)
		if again := schedule.Next(middle); !again.Equal(due) {
			t.Fatalf("%q after %s is due at %s, but after %s at %s", expression, at, due, middle, again)
		}
	})
}
