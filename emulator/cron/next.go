// SPDX-License-Identifier: Apache-2.0

package cron

import "time"

// horizon is how far ahead the next time is looked for: 29 February can be eight years away, as from 2096 to 2104.
const horizon = 9 * 366

// Next returns the first minute after a time at which the schedule is due, in UTC; the zero time if it never is, as on
// 30 February.
func (s Schedule) Next(after time.Time) time.Time {
	start := after.UTC().Truncate(time.Minute).Add(time.Minute)
	hour, minute := start.Hour(), start.Minute()
	day := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	for range horizon {
		if s.dueOn(day) {
			for ; hour < 24; hour, minute = hour+1, 0 {
				if !s.hours.has(hour) {
					continue
				}
				for ; minute < 60; minute++ {
					if s.minutes.has(minute) {
						return day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
					}
				}
			}
		}
		day, hour, minute = day.AddDate(0, 0, 1), 0, 0
	}
	return time.Time{}
}

// dueOn reports whether the schedule is due at any time of a day.
func (s Schedule) dueOn(day time.Time) bool {
	d := date{day.Year(), day.Month(), day.Day()}
	switch {
	case !s.months.has(int(d.month)):
		return false
	case s.days == nil && s.weekdays == nil:
		return true
	case s.weekdays == nil:
		return s.days(d)
	case s.days == nil:
		return s.weekdays(d)
	}
	return s.days(d) || s.weekdays(d)
}
