// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCronExpressionsThatCloudflareTakes(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		"* * * * *", "*/30 * * * *", "45 * * * *", "0 17 * * sun", "10 7 * * mon-fri", "0 15 1 * *", "0 18 * * 6L",
		"59 23 LW * *", "0 0 L-3 * *", "0 0 L-3W * *", "0 0 15W * *", "0 0 L * L", "0 0 * * MON#2", "0 0 * * friL",
		"0-59/5 0,12 1-7 JAN,mar-5 1-7", "10/5 * * * *", "50-10 * * * *", "1,*/7 * * * *", "0\t0  * * *",
	} {
		assert.NoError(t, checkCron(expression), expression)
	}
}

func TestCronExpressionsThatCloudflareRefuses(t *testing.T) {
	t.Parallel()
	for expression, why := range map[string]string{
		"":                  "0 fields",
		"daily":             "1 fields",
		"* * * * * *":       "6 fields",
		" * * * * *":        "space",
		"* * * * *\n":       "space",
		"60 * * * *":        `minutes: "60" is not a value from 0 to 59`,
		"* 24 * * *":        `hours: "24"`,
		"* * 0 * *":         `days of the month: "0" is not a value from 1 to 31`,
		"* * * 13 *":        `months: "13"`,
		"* * * FOO *":       `months: "FOO"`,
		"* * * * 0":         `weekdays, which count from Sunday, 1: "0" is not a value from 1 to 7`,
		"* * * * 8L":        `weekdays, which count from Sunday, 1: "8"`,
		"* * * * 6#6":       `weekdays, which count from Sunday, 1: "6#6"`,
		"* * 32W * *":       `days of the month: "32"`,
		"* * L-32 * *":      `days of the month: "32"`,
		"* * L-31 * *":      `days of the month: "31" is not a value from 1 to 30`,
		"* * L-0W * *":      `days of the month: "0" is not a value from 1 to 30`,
		"*/60 * * * *":      `minutes: step of "*/60": "60" is not a value from 1 to 59`,
		"* * * 1-3/12 *":    `months: step of "1-3/12": "12" is not a value from 1 to 11`,
		"* * 1,L * *":       `days of the month: "L"`,
		"*/0 * * * *":       `step of "*/0": "0" is not`,
		"*-5 * * * *":       `minutes: "*-5" is not`,
		"1,,2 * * * *":      `minutes: "" is not`,
		"1-2-3 * * * *":     `minutes: "1-2-3" is not`,
		"MON * * * *":       `minutes: "MON"`,
		"@daily @a @b @c d": `minutes: "@daily" is not`,
	} {
		err := checkCron(expression)
		require.Error(t, err, expression)
		assert.Contains(t, err.Error(), why)
	}
}

func FuzzACheckOfCronNeverPanics(f *testing.F) {
	f.Add("*/5 0-3 L-3W JAN MON#2")
	f.Fuzz(func(t *testing.T, expression string) {
		if checkCron(expression) == nil {
			assert.Len(t, strings.Fields(expression), 5)
		}
	})
}
