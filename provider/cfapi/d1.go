// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"
)

// D1Database is a database of D1. Cloudflare does not say which location it was
// asked for.
type D1Database struct {
	ID              string // UUID
	Name            string // unique in the account
	Jurisdiction    string // "eu", "fedramp", "us"; empty: none
	ReadReplication string // mode: "auto" or "disabled"; empty in lists, which do not say
	CreatedOn       time.Time
}

// D1DatabaseInput is what a database is made from. Empty fields but for Name are
// left to Cloudflare.
type D1DatabaseInput struct {
	Name                string
	PrimaryLocationHint string // such as "weur"; ignored with a jurisdiction
	Jurisdiction        string // "eu", "fedramp", "us"
	ReadReplication     string // mode: "auto" or "disabled"
}

// CreateD1Database makes a database. It is not repeated when the response is lost.
// If the name is taken, the error is [ErrConflict].
func (c *Client) CreateD1Database(ctx context.Context, account string, in D1DatabaseInput) (D1Database, error) {
	ctx, call := begin(ctx, APID1, fmt.Sprintf("create D1 database %q", in.Name))
	var params d1.DatabaseNewParams
	params.AccountID.Value = segment(account)
	params.Name.Value, params.Name.Present = in.Name, true
	if in.PrimaryLocationHint != "" {
		params.PrimaryLocationHint.Value = d1.DatabaseNewParamsPrimaryLocationHint(in.PrimaryLocationHint)
		params.PrimaryLocationHint.Present = true
	}
	if in.Jurisdiction != "" {
		params.Jurisdiction.Value = d1.DatabaseNewParamsJurisdiction(in.Jurisdiction)
		params.Jurisdiction.Present = true
	}
	if in.ReadReplication != "" {
		mode := &params.ReadReplication.Value.Mode
		mode.Value, mode.Present = d1.DatabaseNewParamsReadReplicationMode(in.ReadReplication), true
		params.ReadReplication.Present = true
	}
	got, err := c.api().databases.New(ctx, params)
	if err != nil {
		return D1Database{}, call.failed(err)
	}
	return d1Database(call, got)
}

// D1Database returns the database with the id. The API takes a name in its place.
func (c *Client) D1Database(ctx context.Context, account, id string) (D1Database, error) {
	ctx, call := begin(ctx, APID1, fmt.Sprintf("read D1 database %q", id))
	var params d1.DatabaseGetParams
	params.AccountID.Value = segment(account)
	got, err := c.api().databases.Get(ctx, segment(id), params)
	if err != nil {
		return D1Database{}, call.failed(err)
	}
	return d1Database(call, got)
}

// D1Databases returns the databases of the account with the name, of which there is
// at most one, or all of them if name is empty. There is one request for each
// hundred that Cloudflare finds, which looks for the name within names.
func (c *Client) D1Databases(ctx context.Context, account, name string) ([]D1Database, error) {
	var all []D1Database
	for page := 1; ; page++ {
		ctx, call := begin(ctx, APID1, "list D1 databases")
		var params d1.DatabaseListParams
		params.AccountID.Value = segment(account)
		params.Page.Value, params.Page.Present = float64(page), true
		params.PerPage.Value, params.PerPage.Present = pageSize, true
		if name != "" {
			params.Name.Value, params.Name.Present = name, true
		}
		got, err := c.api().databases.List(ctx, params)
		if err != nil {
			return nil, call.failed(err)
		}
		for _, d := range got.Result {
			if name == "" || d.Name == name {
				all = append(all, D1Database{
					ID: d.UUID, Name: d.Name, Jurisdiction: string(d.Jurisdiction), CreatedOn: d.CreatedAt,
				})
			}
		}
		if lastPage(len(got.Result), got.ResultInfo.PerPage) {
			return all, nil
		}
	}
}

// UpdateD1Database sets the mode of read replication, "auto" or "disabled": nothing
// else of a database can be changed.
func (c *Client) UpdateD1Database(ctx context.Context, account, id, readReplication string) (D1Database, error) {
	ctx, call := begin(ctx, APID1, fmt.Sprintf("change read replication of D1 database %q", id))
	call.repeatable = true
	var params d1.DatabaseEditParams
	params.AccountID.Value = segment(account)
	mode := &params.ReadReplication.Value.Mode
	mode.Value, mode.Present = d1.DatabaseEditParamsReadReplicationMode(readReplication), true
	params.ReadReplication.Present = true
	got, err := c.api().databases.Edit(ctx, segment(id), params)
	if err != nil {
		return D1Database{}, call.failed(err)
	}
	return d1Database(call, got)
}

// DeleteD1Database removes a database with all that is in it.
func (c *Client) DeleteD1Database(ctx context.Context, account, id string) error {
	ctx, call := begin(ctx, APID1, fmt.Sprintf("delete D1 database %q", id))
	var params d1.DatabaseDeleteParams
	params.AccountID.Value = segment(account)
	if _, err := c.api().databases.Delete(ctx, segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}

func d1Database(call *call, d *d1.D1) (D1Database, error) {
	if d.UUID == "" {
		return D1Database{}, call.incomplete("database id")
	}
	return D1Database{
		ID: d.UUID, Name: d.Name, Jurisdiction: string(d.Jurisdiction),
		ReadReplication: string(d.ReadReplication.Mode), CreatedOn: d.CreatedAt,
	}, nil
}

// D1Result is what one SQL statement gave.
type D1Result struct {
	// Rows are the rows by name of column: strings, json.Number for numbers, nil, and
	// for blobs arrays of json.Number.
	Rows        []map[string]any
	Changes     int64 // rows that were changed
	LastRowID   int64
	RowsRead    int64
	RowsWritten int64
}

// QueryD1 runs SQL on a database: one statement with parameters, or several without,
// which are one transaction. It is not repeated when the response is lost. If SQLite
// refuses the SQL, the error is [ErrInvalid] with SQLite's words.
func (c *Client) QueryD1(ctx context.Context, account, id, sql string, params []any) ([]D1Result, error) {
	ctx, call := begin(ctx, APID1, fmt.Sprintf("query D1 database %q", id))
	// cloudflare-go knows parameters that are strings only, and numbers as floats.
	body, err := json.Marshal(struct {
		SQL    string `json:"sql"`
		Params []any  `json:"params,omitempty"`
	}{sql, params})
	if err != nil {
		return nil, call.failed(fmt.Errorf("parameters: %w", err))
	}
	var env struct {
		Result []struct {
			Results json.RawMessage `json:"results"`
			Meta    struct {
				Changes     int64 `json:"changes"`
				LastRowID   int64 `json:"last_row_id"`
				RowsRead    int64 `json:"rows_read"`
				RowsWritten int64 `json:"rows_written"`
			} `json:"meta"`
		} `json:"result"`
	}
	var query d1.DatabaseQueryParams
	query.AccountID.Value = segment(account)
	_, err = c.api().databases.Query(ctx, segment(id), query,
		option.WithRequestBody("application/json", body), option.WithResponseBodyInto(&env))
	if err != nil {
		return nil, call.failed(err)
	}
	results := make([]D1Result, len(env.Result))
	for i, r := range env.Result {
		results[i] = D1Result{
			Changes: r.Meta.Changes, LastRowID: r.Meta.LastRowID, RowsRead: r.Meta.RowsRead, RowsWritten: r.Meta.RowsWritten,
		}
		decoder := json.NewDecoder(bytes.NewReader(r.Results))
		decoder.UseNumber() // integers of 64 bits are no floats
		if err := decoder.Decode(&results[i].Rows); err != nil {
			return nil, call.failed(fmt.Errorf("rows: %w", err))
		}
	}
	return results, nil
}
