// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/cron"
)

// FuzzCronExpressionsAreJudgedAlike: Check and the emulator read them with parsers of their own. What one takes and the
// other refuses is a mistake in one of them.
func FuzzCronExpressionsAreJudgedAlike(f *testing.F) {
	for _, expression := range []string{
		"* * * * *", "*/5 0-3 L-3W JAN MON#2", "0 0 LW * 6L", "1,*/7 * * * *", "* * * * 0", "* * 1,L * *", "*/0 * * * *",
		"00 0 * * *", "0  0\t* * *", " * * * * *", "* * * * *\n",
		"* * L-0 * *", "*/60 * * * *", "* * 0W * *", "* * * * mon#6",
		"1-1 * * * *", "50-10/3 * * * *", "99999999999999999999 * * * *", "*/99999999999999999999 * * * *", "+1 * * * *",
		"0 0 L-30 * *", "0 0 L-31 * *", "0 0 L-L * *", "0 0 * * L-3", "0 0 * * sunL", "0 0 * JANL *", "\u00a0* * * * *",
		"٣ * * * *", "0 0 * * MON#", "0 0 1W,2 * *", "1/2/3 * * * *", "1- * * * *", "-1 * * * *", "/5 * * * *", "* * * * *\v",
		"0\v0 * * *", "0\u00a00 * * *", "0 0\n* * *", "0 0 L-0W * *", "007 * * * *",
	} {
		f.Add(expression)
	}
	words := strings.Fields("" +
		"* */5 */0 0 1 5 07 12 23 24 31 32 59 60 7 8 1-5 5-1 1-60 L LW L-3 L-3W L-31 15W 32W 0W 6L 8L 6#2 " +
		"6#6 MON mon FOO JAN mon-fri MON#2 JAN-MAR 1,2 1,,2 1,L */5,3 10/5 10-30/5 10/0 - / # , W 1- 1-2-3 *-5 */60 */61 " +
		"1/60 monL L#2")
	random := rand.New(rand.NewPCG(1, 2)) // the same expressions every time
	for range 2000 {
		fields := make([]string, 5)
		for i := range fields {
			fields[i] = "*"
			if random.IntN(3) == 0 {
				fields[i] = words[random.IntN(len(words))]
			}
		}
		f.Add(strings.Join(fields, " "))
	}
	f.Fuzz(func(t *testing.T, expression string) {
		checked := checkCron(expression)
		_, parsed := cron.Parse(expression)
		assert.Equalf(t, parsed == nil, checked == nil, "%q: Check says %v, the emulator %v", expression, checked, parsed)
	})
}
