// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

func TestStatementsEndWhereSQLiteEndsThem(t *testing.T) {
	t.Parallel()
	const trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE a SET x = CASE WHEN 1 THEN 2 END;\n" +
		"  SELECT 'end;';\nEND"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"only comments", " -- a; b\n/* c; */ ;; -- d", nil},
		{"one", "SELECT 1", []string{"SELECT 1"}},
		{"comments around", "-- x;\nSELECT 1 /* y; */ ; -- z", []string{"SELECT 1"}},
		{"comments within", "SELECT /* ; */ 1 -- ;\n, 2;", []string{"SELECT /* ; */ 1 -- ;\n, 2"}},
		{"two", "SELECT 1;SELECT 2;\n", []string{"SELECT 1", "SELECT 2"}},
		{
			"quotes", "SELECT 'a;''b;', \";\", `;`, [;]; SELECT '--', '/*'",
			[]string{"SELECT 'a;''b;', \";\", `;`, [;]", "SELECT '--', '/*'"},
		},
		{"an open quote", "SELECT 'a; SELECT 2", []string{"SELECT 'a; SELECT 2"}},
		{"an open comment", "SELECT 1; /* SELECT 2;", []string{"SELECT 1"}},
		{"trigger", trigger + "; SELECT 1;", []string{trigger, "SELECT 1"}},
		{
			"temporary trigger", "create temp trigger t begin select 1; end; select 2",
			[]string{"create temp trigger t begin select 1; end", "select 2"},
		},
		{
			"explained trigger", "EXPLAIN QUERY PLAN CREATE TEMPORARY TRIGGER t BEGIN SELECT 1; END; SELECT 2",
			[]string{"EXPLAIN QUERY PLAN CREATE TEMPORARY TRIGGER t BEGIN SELECT 1; END", "SELECT 2"},
		},
		{"a table called trigger", "CREATE TABLE trigger(a); SELECT 2", []string{"CREATE TABLE trigger(a)", "SELECT 2"}},
		{"end elsewhere", "SELECT CASE WHEN 1 THEN 2 END; END; SELECT 1", []string{
			"SELECT CASE WHEN 1 THEN 2 END", "END", "SELECT 1",
		}},
		{"words with end in them", "CREATE TRIGGER t BEGIN SELECT 1; SELECT 2; ENDING; END; SELECT 3", []string{
			"CREATE TRIGGER t BEGIN SELECT 1; SELECT 2; ENDING; END", "SELECT 3",
		}},
		{"two-byte letters", "SELECT 'é' AS größe; SELECT 2", []string{"SELECT 'é' AS größe", "SELECT 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, runtime.SplitSQL(c.text))
		})
	}
}
