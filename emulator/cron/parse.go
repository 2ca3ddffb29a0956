// SPDX-License-Identifier: Apache-2.0

package cron

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule is a cron expression that was read. Its zero value is never due.
type Schedule struct {
	minutes, hours, months set
	days                   func(date) bool // of the month; nil: all
	weekdays               func(date) bool // nil: all
}

// set is a set of small numbers.
type set uint64

func (s set) has(n int) bool { return s>>n&1 == 1 }

// field is one of the five parts of an expression.
type field struct {
	name     string // for errors
	min, max int
	names    []string // of the values from min on, in lower case; nil: none
}

var (
	minuteField  = field{name: "minutes", max: 59}
	hourField    = field{name: "hours", max: 23}
	dayField     = field{name: "days of the month", min: 1, max: 31}
	weekdayField = field{name: "weekdays", min: 1, max: 7, names: []string{
		"sun", "mon", "tue", "wed", "thu", "fri", "sat",
	}}
	monthField = field{name: "months", min: 1, max: 12, names: []string{
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
	}}
)

// Parse reads a cron expression. The error says which field is wrong, and how.
func Parse(expression string) (Schedule, error) {
	fields := strings.FieldsFunc(expression, func(c rune) bool { return c == ' ' || c == '\t' })
	if len(fields) != 5 {
		return Schedule{}, fmt.Errorf("cron %q has %d fields; give 5: minutes, hours, days of the month, months and weekdays",
			expression, len(fields))
	}
	if strings.Trim(expression, " \t") != expression {
		return Schedule{}, fmt.Errorf("cron %q begins or ends with a space; leave it out", expression)
	}
	var s Schedule
	var errs [5]error
	s.minutes, errs[0] = minuteField.parse(fields[0])
	s.hours, errs[1] = hourField.parse(fields[1])
	s.days, errs[2] = parseDays(fields[2])
	s.months, errs[3] = monthField.parse(fields[3])
	s.weekdays, errs[4] = parseWeekdays(fields[4])
	for _, err := range errs {
		if err != nil {
			return Schedule{}, fmt.Errorf("cron %q: %w", expression, err)
		}
	}
	return s, nil
}

// parse reads a field of values, ranges and steps.
func (f field) parse(text string) (set, error) {
	if text == "*" {
		return f.span(f.min, f.max, 1), nil
	}
	var all set
	for item := range strings.SplitSeq(text, ",") {
		values, err := f.item(item)
		if err != nil {
			return 0, err
		}
		all |= values
	}
	return all, nil
}

// item reads a value, a range or a step.
func (f field) item(text string) (set, error) {
	values, stepText, stepped := strings.Cut(text, "/")
	first, lastText, ranged := strings.Cut(values, "-")
	from, err := f.min, error(nil)
	if first != "*" {
		from, err = f.value(first)
	} else if ranged {
		err = fmt.Errorf("%s: %q begins a range with a star; give a number", f.name, text)
	}
	if err != nil {
		return 0, err
	}
	to := from
	switch {
	case ranged:
		to, err = f.value(lastText)
	case stepped:
		to = f.max
	}
	if err != nil {
		return 0, err
	}
	step := 1
	if stepped {
		if step, err = f.number(stepText, 1, f.max-f.min); err != nil {
			return 0, err
		}
	}
	return f.span(from, to, step), nil
}

// span returns every step-th value from one to another, passing the end if the other is smaller.
func (f field) span(from, to, step int) set {
	size := f.max - f.min + 1
	length := (to - from + size) % size
	var values set
	for i := 0; i <= length; i += step {
		values |= 1 << (f.min + (from-f.min+i)%size)
	}
	return values
}

// value reads a number or a name.
func (f field) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.min + i, nil
		}
	}
	return f.number(text, f.min, f.max)
}

// number reads a number between two others.
func (f field) number(text string, lowest, highest int) (int, error) {
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || int(n) < lowest || int(n) > highest {
		return 0, fmt.Errorf("%s: %q is not a value from %d to %d", f.name, text, lowest, highest)
	}
	return int(n), nil
}

// parseDays reads the days of the month. Nil stands for all.
func parseDays(text string) (func(date) bool, error) {
	if text == "*" {
		return nil, nil
	}
	last, fromLast := strings.CutPrefix(text, "L")
	day, nearest := strings.CutSuffix(text, "W")
	offset := 0
	var err error
	switch {
	case fromLast:
		last, nearest = strings.CutSuffix(last, "W")
		if before, ok := strings.CutPrefix(last, "-"); ok {
			offset, err = dayField.number(before, 1, 30)
		} else if last != "" {
			err = fmt.Errorf("%s: %q does not go with L; give L, LW, L-3 or L-3W", dayField.name, last)
		}
		if nearest {
			return func(d date) bool { return d.nearest(d.length() - offset) }, err
		}
		return func(d date) bool { return d.day == d.length()-offset }, err
	case nearest:
		n, err := dayField.number(day, dayField.min, dayField.max)
		return func(d date) bool { return d.nearest(n) }, err
	}
	values, err := dayField.parse(text)
	return func(d date) bool { return values.has(d.day) }, err
}

// parseWeekdays reads the weekdays. Nil stands for all.
func parseWeekdays(text string) (func(date) bool, error) {
	switch text {
	case "*":
		return nil, nil
	case "L":
		text = "7"
	}
	if name, ok := strings.CutSuffix(text, "L"); ok {
		n, err := weekdayField.value(name)
		return func(d date) bool { return d.weekday() == n && d.day+7 > d.length() }, err
	}
	if name, count, ok := strings.Cut(text, "#"); ok {
		n, err := weekdayField.value(name)
		if err != nil {
			return nil, err
		}
		nth, err := weekdayField.number(count, 1, 5)
		return func(d date) bool { return d.weekday() == n && (d.day+6)/7 == nth }, err
	}
	values, err := weekdayField.parse(text)
	return func(d date) bool { return values.has(d.weekday()) }, err
}

// date is a day.
type date struct {
	year  int
	month time.Month
	day   int
}

func (d date) time() time.Time { return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC) }

// weekday counts from 1, Sunday.
func (d date) weekday() int { return int(d.time().Weekday()) + 1 }

// length is the number of days of the month.
func (d date) length() int { return date{d.year, d.month + 1, 0}.time().Day() }

// nearest reports whether the day is the one from Monday to Friday that is nearest to a day of the month and in the
// same month. A month that does not have the day has none.
func (d date) nearest(day int) bool {
	length := d.length()
	if day < 1 || day > length {
		return false
	}
	switch (date{d.year, d.month, day}).time().Weekday() {
	case time.Saturday:
		if day--; day < 1 {
			day += 3
		}
	case time.Sunday:
		if day++; day > length {
			day -= 3
		}
	default:
	}
	return d.day == day
}
