// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/md5" //nolint:gosec // the API's checksum of files
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// d1Files is the path of files for import and export. Their names are secret and stand for a signature, as those of
// presigned URLs of R2 do, so that no token is asked for.
const d1Files = "/d1/files/"

// d1FileAge is how long a file can be fetched or imported (cloudflare-go d1.DatabaseExportResponseResult: "Available
// for one hour").
const d1FileAge = time.Hour

// d1File is SQL that is being imported or was exported.
type d1File struct {
	name    string
	etag    string // MD5 of the content that is expected; empty: it cannot be written
	content []byte // nil: not there yet
	created time.Time
}

// newD1File makes a file and returns its URL.
func (c *call) newD1File(file *d1File) string {
	for name, other := range c.d1files {
		if c.clock().Sub(other.created) > d1FileAge {
			delete(c.d1files, name)
		}
	}
	if c.d1files == nil {
		c.d1files = map[string]*d1File{}
	}
	file.created = c.clock()
	secret := newID() + newID()
	c.d1files[secret] = file
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host + apiPrefix + d1Files + secret
}

// d1File returns the file that the path names.
func (c *call) d1File() (*d1File, error) {
	file := c.d1files[c.path("file")]
	if file == nil || c.clock().Sub(file.created) > d1FileAge {
		return nil, refuse(http.StatusForbidden, 7403, "the URL is not valid or has expired")
	}
	return file, nil
}

// putD1File answers PUT of an upload_url, with the etag that wrangler compares (workers-sdk,
// packages/wrangler/src/d1/execute.ts).
func putD1File(c *call) (any, error) {
	c.unchanged = true
	file, err := c.d1File()
	if err != nil {
		return nil, err
	}
	if file.etag == "" {
		return nil, refuse(http.StatusForbidden, 7403, "the URL is for reading")
	}
	file.content = append([]byte{}, c.body...)
	return content{contentType: "text/plain", header: map[string]string{"ETag": `"` + md5Of(c.body) + `"`}}, nil
}

// getD1File answers GET of a signed_url.
func getD1File(c *call) (any, error) {
	file, err := c.d1File()
	if err != nil {
		return nil, err
	}
	if file.etag != "" {
		return nil, refuse(http.StatusForbidden, 7403, "the URL is for writing")
	}
	return content{contentType: "application/sql", body: file.content}, nil
}

func md5Of(data []byte) string {
	sum := md5.Sum(data) //nolint:gosec // the API's checksum of files
	return hex.EncodeToString(sum[:])
}

// importDatabase answers POST …/d1/database/{database}/import (cloudflare-go d1.DatabaseImportParamsBody and
// d1.DatabaseImportResponse; workers-sdk, packages/wrangler/src/d1/execute.ts and types.ts). The import is done when
// the request for it is answered, so there is never one to poll.
func importDatabase(c *call) (any, error) {
	c.unchanged = true
	d, err := c.database()
	if err != nil {
		return nil, err
	}
	var want struct {
		Action   string `json:"action"`
		ETag     string `json:"etag"`
		Filename string `json:"filename"`
	}
	if err := c.decode(&want, 7400); err != nil {
		return nil, err
	}
	if c.Runtime == nil {
		return nil, noSQL()
	}
	switch want.Action {
	case "init":
		if !isID(want.ETag) {
			return nil, malformed("etag must be an MD5 in hex digits")
		}
		file := &d1File{name: d.UUID + "." + want.ETag + ".sql", etag: want.ETag}
		return map[string]any{
			"success": true, "type": "import", "filename": file.name, "upload_url": c.newD1File(file), "messages": []string{},
		}, nil
	case "ingest":
		for secret, file := range c.d1files {
			if file.etag != "" && file.etag == want.ETag && file.name == want.Filename && file.content != nil {
				delete(c.d1files, secret)
				return c.ingest(d, file)
			}
		}
		return nil, malformed("file %q was not uploaded", want.Filename)
	case "poll":
		return map[string]any{"success": false, "error": "Not currently importing anything."}, nil // the text is ours
	}
	return nil, malformed("action %q is not known", want.Action)
}

// ingest runs a file in one transaction: if it fails, the database is as it was before.
func (c *call) ingest(d *database, file *d1File) (any, error) {
	answer := map[string]any{
		"success": true, "type": "import", "at_bookmark": c.bookmark(), "messages": []string{}, "errors": []string{},
	}
	failed := func(message string) (any, error) {
		answer["status"], answer["error"], answer["errors"] = "error", message, []string{message}
		return answer, nil
	}
	if md5Of(file.content) != file.etag {
		return failed("the file's content does not have the etag " + file.etag)
	}
	statements, err := (&sqlQuery{SQL: string(file.content)}).statements()
	if err != nil {
		return nil, err
	}
	results, err := c.runSQL(d, statements, runtime.D1Rows)
	var refusal *apiError
	if errors.As(err, &refusal) && refusal.status == http.StatusBadRequest {
		return failed(refusal.errors[0].Message)
	}
	if err != nil {
		return nil, err
	}
	total := results[len(results)-1].Meta
	total.Changes, total.RowsRead, total.RowsWritten = 0, 0, 0
	for _, r := range results {
		total.Changes += r.Meta.Changes
		total.RowsRead += r.Meta.RowsRead
		total.RowsWritten += r.Meta.RowsWritten
		total.ChangedDB = total.ChangedDB || r.Meta.ChangedDB
	}
	answer["status"] = "complete"
	answer["result"] = map[string]any{"final_bookmark": c.bookmark(), "num_queries": len(results), "meta": total}
	return answer, nil
}

// bookmark is a place in a database's history. Here nothing can be done with one.
func (c *call) bookmark() string { return fmt.Sprintf("%016x-%s", c.clock().UnixMicro(), newID()[:8]) }

// exportDatabase answers POST …/d1/database/{database}/export (cloudflare-go d1.DatabaseExportParams and
// d1.DatabaseExportResponse; workers-sdk, packages/wrangler/src/d1/export.ts). It is complete at once.
func exportDatabase(c *call) (any, error) {
	c.unchanged = true
	d, err := c.database()
	if err != nil {
		return nil, err
	}
	var want struct {
		Format  string `json:"output_format"`
		Options struct {
			NoData   bool     `json:"no_data"`
			NoSchema bool     `json:"no_schema"`
			Tables   []string `json:"tables"`
		} `json:"dump_options"`
	}
	if err := c.decode(&want, 7400); err != nil {
		return nil, err
	}
	if want.Format != "polling" {
		return nil, malformed("output_format must be \"polling\"")
	}
	if c.Runtime == nil {
		return nil, noSQL()
	}
	options := runtime.D1DumpOptions{
		NoSchema: want.Options.NoSchema, NoData: want.Options.NoData, Tables: want.Options.Tables,
	}
	var lines []string
	err = c.unlocked(func() (err error) {
		lines, err = c.Runtime.DumpD1(c.r.Context(), c.d1(d), options)
		return err
	})
	answer := map[string]any{
		"success": true, "type": "export", "at_bookmark": c.bookmark(), "messages": []string{}, "status": "complete",
	}
	if wrong, ok := errors.AsType[*runtime.D1Error](err); ok {
		answer["status"], answer["error"] = "error", wrong.Message
		return answer, nil
	}
	if err != nil {
		return nil, sqlRefusal(d, err)
	}
	file := &d1File{name: d.UUID + ".sql", content: []byte(strings.Join(lines, "\n") + "\n")}
	answer["result"] = map[string]any{"filename": file.name, "signed_url": c.newD1File(file)}
	return answer, nil
}
