// SPDX-License-Identifier: Apache-2.0

package cfapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

func TestTheLifeOfAD1Database(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t, &emulator.Server{}), t.Context()
	want := map[string]string{}
	for i := range 101 {
		d, err := c.CreateD1Database(ctx, account, cfapi.D1DatabaseInput{Name: fmt.Sprintf("app%d", i)})
		require.NoError(t, err)
		want[d.ID] = d.Name
	}
	all, err := c.D1Databases(ctx, account, "")
	require.NoError(t, err)
	got := map[string]string{}
	for _, d := range all {
		got[d.ID] = d.Name
	}
	assert.Equal(t, want, got)
	named, err := c.D1Databases(ctx, account, "app1")
	require.NoError(t, err)
	require.Len(t, named, 1, "not app10, which Cloudflare finds too")
	id := named[0].ID

	_, err = c.CreateD1Database(ctx, account, cfapi.D1DatabaseInput{Name: "app1"})
	require.ErrorIs(t, err, cfapi.ErrConflict)
	_, err = c.CreateD1Database(ctx, account, cfapi.D1DatabaseInput{Name: "mars", Jurisdiction: "mars"})
	require.ErrorIs(t, err, cfapi.ErrInvalid)
	eu, err := c.CreateD1Database(ctx, account, cfapi.D1DatabaseInput{
		Name: "eu", Jurisdiction: "eu", PrimaryLocationHint: "weur", ReadReplication: "auto",
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"eu", "eu", "auto"}, []string{eu.Name, eu.Jurisdiction, eu.ReadReplication})
	assert.False(t, eu.CreatedOn.IsZero())
	changed, err := c.UpdateD1Database(ctx, account, id, "auto")
	require.NoError(t, err)
	assert.Equal(t, "auto", changed.ReadReplication)
	read, err := c.D1Database(ctx, account, id)
	require.NoError(t, err)
	assert.Equal(t, changed, read)
	_, err = c.QueryD1(ctx, account, id, "SELECT 1", nil)
	require.ErrorIs(t, err, cfapi.ErrInvalid, "there is no runtime")

	require.NoError(t, c.DeleteD1Database(ctx, account, id))
	require.ErrorIs(t, c.DeleteD1Database(ctx, account, id), cfapi.ErrNotFound)
	_, err = c.D1Database(ctx, account, id)
	require.ErrorIs(t, err, cfapi.ErrNotFound)
	_, err = c.UpdateD1Database(ctx, account, id, "auto")
	require.ErrorIs(t, err, cfapi.ErrNotFound)
}

func TestALostChangeOfReadReplicationIsRepeated(t *testing.T) {
	t.Parallel()
	lose := false
	server := &emulator.Server{After: func(int, *http.Request) bool {
		now := lose
		lose = false
		return now
	}}
	c, ctx := connect(t, server), t.Context()
	d, err := c.CreateD1Database(ctx, account, cfapi.D1DatabaseInput{Name: "app"})
	require.NoError(t, err)
	lose = true
	d, err = c.UpdateD1Database(ctx, account, d.ID, "auto")
	require.NoError(t, err)
	assert.Equal(t, "auto", d.ReadReplication)
	server.Calls()
	lose = true
	_, err = c.QueryD1(ctx, account, d.ID, "SELECT 1", nil)
	assert.True(t, cfapi.LostResponse(err))
	assert.Len(t, server.Calls(), 1, "SQL is not repeated")
}

func TestSQLRunsWhereTheDatabaseIs(t *testing.T) {
	t.Parallel()
	c, ctx := connect(t, &emulator.Server{Runtime: &runtime.Runtime{}}), t.Context()
	d, err := c.CreateD1Database(ctx, account, cfapi.D1DatabaseInput{Name: "app"})
	require.NoError(t, err)
	_, err = c.QueryD1(ctx, account, d.ID,
		"CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t (v) VALUES (x'00ff')", nil)
	require.NoError(t, err)
	results, err := c.QueryD1(ctx, account, d.ID, "INSERT INTO t (v) VALUES (?), (?)", []any{"é", nil})
	require.NoError(t, err)
	require.Len(t, results, 1)
	assert.Equal(t, []int64{2, 3, 2}, []int64{results[0].Changes, results[0].LastRowID, results[0].RowsWritten})
	results, err = c.QueryD1(ctx, account, d.ID, "SELECT v FROM t", nil)
	require.NoError(t, err)
	assert.Equal(t, []map[string]any{
		{"v": []any{json.Number("0"), json.Number("255")}}, {"v": "é"}, {"v": nil},
	}, results[0].Rows)
	_, err = c.QueryD1(ctx, account, d.ID, "SELECT * FROM nowhere", nil)
	require.ErrorIs(t, err, cfapi.ErrInvalid)
	assert.ErrorContains(t, err, "no such table: nowhere: SQLITE_ERROR [code 7500]")
}
