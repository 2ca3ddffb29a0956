// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cronField is one of the five parts of a cron expression.
type cronField struct {
	name     string // for errors
	min, max int
	names    []string       // of the values from min on
	alone    *regexp.Regexp // forms that are neither value, range nor step; nil: none
	offsets  bool           // the first group of alone is how many days before the last one
	hint     string
}

// cronFields are the parts in order. The grammar is that of
// https://developers.cloudflare.com/workers/configuration/cron-triggers/#supported-cron-expressions
// and, where that says less, of cloudflare/saffron (saffron/src/parse.rs), which reads them.
var cronFields = []cronField{
	{name: "minutes", max: 59},
	{name: "hours", max: 23},
	{
		name: "days of the month", min: 1, max: 31,
		alone: regexp.MustCompile(`^(?:L(?:-([0-9]+))?W?|([0-9]+)W)$`), offsets: true,
	},
	{
		name: "months", min: 1, max: 12,
		names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"},
	},
	{
		name: "weekdays", min: 1, max: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"},
		alone: regexp.MustCompile(`^(?:L|([0-9A-Za-z]+)L|([0-9A-Za-z]+)#[1-5])$`), hint: ", which count from Sunday, 1",
	},
}

var cronItem = regexp.MustCompile(`^(?:\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/([0-9]+))?$`)

// checkCron refuses what Cloudflare would not take for a cron expression.
func checkCron(expression string) error {
	if strings.TrimSpace(expression) != expression {
		return errors.New("begins or ends with a space; leave it out")
	}
	texts := strings.FieldsFunc(expression, func(c rune) bool { return c == ' ' || c == '\t' })
	if len(texts) != len(cronFields) {
		return fmt.Errorf("has %d fields; give 5: minutes, hours, days of the month, months and weekdays", len(texts))
	}
	for i, field := range cronFields {
		if err := field.check(texts[i]); err != nil {
			return fmt.Errorf("%s%s: %w", field.name, field.hint, err)
		}
	}
	return nil
}

func (f cronField) check(text string) error {
	if f.alone != nil {
		if found := f.alone.FindStringSubmatch(text); found != nil {
			if offset := found[1]; f.offsets && offset != "" {
				return between(offset, 1, f.max-f.min)
			}
			return f.values(found[1:])
		}
	}
	for item := range strings.SplitSeq(text, ",") {
		found := cronItem.FindStringSubmatch(item)
		if found == nil {
			return fmt.Errorf("%q is not a value, a range such as 1-5 or a step such as */5", item)
		}
		if err := f.values(found[1:3]); err != nil {
			return err
		}
		if step := found[3]; step != "" {
			if err := between(step, 1, f.max-f.min); err != nil {
				return fmt.Errorf("step of %q: %w", item, err)
			}
		}
	}
	return nil
}

// values checks those of the texts that are not empty.
func (f cronField) values(texts []string) error {
	for _, text := range texts {
		if text == "" || slices.Contains(f.names, strings.ToUpper(text)) {
			continue
		}
		if err := between(text, f.min, f.max); err != nil {
			return err
		}
	}
	return nil
}

func between(text string, least, most int) error {
	if n, err := strconv.ParseUint(text, 10, 8); err != nil || int(n) < least || int(n) > most {
		return fmt.Errorf("%q is not a value from %d to %d", text, least, most)
	}
	return nil
}
