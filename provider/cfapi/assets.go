// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// Assets is what an upload says of a Worker's static assets.
type Assets struct {
	// JWT is what the upload of the files has led to; empty: [Upload.KeepAssets] is set.
	JWT    string       `json:"jwt,omitempty"`
	Config AssetsConfig `json:"config"`
}

// AssetsConfig says how static assets are served. A zero field has Cloudflare's default.
type AssetsConfig struct {
	HTMLHandling     string `json:"html_handling,omitempty"`
	NotFoundHandling string `json:"not_found_handling,omitempty"`
	BasePath         string `json:"base_path,omitempty"`
	RunWorkerFirst   any    `json:"run_worker_first,omitempty"` // bool, or []string: rules
	Redirects        string `json:"_redirects,omitempty"`       // the text of the file _redirects
	Headers          string `json:"_headers,omitempty"`         // the text of the file _headers
}

// AssetEntry is a file of a manifest.
type AssetEntry struct {
	Hash string `json:"hash"` // 32 hex digits of the client's choice
	Size int64  `json:"size"` // bytes
}

// AssetSession is an upload of files.
type AssetSession struct {
	// JWT authorises the uploads; if there are no Buckets, it is what the Worker's upload needs.
	JWT string
	// Buckets are the hashes of the files that Cloudflare does not have, in the groups in which it wants them.
	Buckets [][]string
}

// AssetFile is a file to upload. Its content is asked for when it is sent, once for each attempt.
type AssetFile struct {
	Hash        string
	ContentType string
	Size        int64 // of the content in bytes
	Content     func() ([]byte, error)
}

// StartAssetUpload tells Cloudflare which files a Worker is to have, by path such as "/index.html". The Worker need not
// exist. What was uploaded before is not asked for again, also if that upload broke off.
// https://developers.cloudflare.com/workers/static-assets/direct-upload/
func (c *Client) StartAssetUpload(
	ctx context.Context, account, script string, manifest map[string]AssetEntry,
) (AssetSession, error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("start the upload of the assets of worker %q", script))
	call.repeatable = true // a second session that nobody uses does nothing
	var result struct {
		JWT     string     `json:"jwt"`
		Buckets [][]string `json:"buckets"`
	}
	path := fmt.Sprintf("/accounts/%s/workers/scripts/%s/assets-upload-session", segment(account), segment(script))
	body := map[string]any{"manifest": manifest}
	err := c.send(ctx, call, direct{method: http.MethodPost, path: path, kind: "application/json", body: body}, &result)
	if err == nil && result.JWT == "" { // seen in the wild: workers-sdk issue 9465
		err = call.incomplete("token of the upload")
	}
	if err != nil {
		return AssetSession{}, err
	}
	return AssetSession(result), nil
}

// UploadAssets sends one bucket of a session, a file at a time, so that only one is in memory. The answer to the
// request that completes the session has the token for the Worker's upload; for others it is empty.
func (c *Client) UploadAssets(
	ctx context.Context, account, session string, files []AssetFile,
) (completion string, err error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("upload %d assets", len(files)))
	call.repeatable = true // the same files under the same hashes
	call.secrets = redactorOf(session)
	form, err := newAssetForm(files)
	if err != nil {
		return "", &Error{Op: call.op, API: call.api, Kind: ErrInvalid, Err: err}
	}
	call.body, call.size = form.open, form.size
	var result struct {
		JWT string `json:"jwt"`
	}
	path := fmt.Sprintf("/accounts/%s/workers/assets/upload?base64=true", segment(account))
	sent := direct{method: http.MethodPost, path: path, kind: form.contentType, token: session}
	if err := c.send(ctx, call, sent, &result); err != nil {
		return "", err
	}
	return result.JWT, nil
}

// assetForm is a multipart/form-data body of files in base64.
type assetForm struct {
	contentType string
	frames      [][]byte // what comes before each file, and after the last one
	files       []AssetFile
	size        int64
}

// assetBoundary occurs in no base64 and in no header, as it has underscores.
const assetBoundary = "__cfapi_assets__"

func newAssetForm(files []AssetFile) (*assetForm, error) {
	f := &assetForm{files: files}
	var frame bytes.Buffer
	w := multipart.NewWriter(&frame)
	if err := w.SetBoundary(assetBoundary); err != nil {
		return nil, err
	}
	f.contentType = w.FormDataContentType()
	add := func() {
		f.frames = append(f.frames, bytes.Clone(frame.Bytes()))
		f.size += int64(frame.Len())
		frame.Reset()
	}
	for _, file := range files {
		header := textproto.MIMEHeader{}
		header.Set("Content-Disposition", multipart.FileContentDisposition(file.Hash, file.Hash))
		header.Set("Content-Type", file.ContentType)
		if _, err := w.CreatePart(header); err != nil {
			return nil, err
		}
		add()
		f.size += int64(base64.StdEncoding.EncodedLen(int(file.Size)))
	}
	err := w.Close()
	add()
	return f, err
}

// open returns the body. Each file is read when the one before was sent.
func (f *assetForm) open() (io.ReadCloser, error) {
	readers := []io.Reader{}
	for i, file := range f.files {
		readers = append(readers, bytes.NewReader(f.frames[i]), &assetReader{file: file})
	}
	return io.NopCloser(io.MultiReader(append(readers, bytes.NewReader(f.frames[len(f.files)]))...)), nil
}

// assetReader reads a file's content in base64. It asks for the content at the first read.
type assetReader struct {
	file AssetFile
	text *bytes.Reader
}

// Read implements [io.Reader].
func (r *assetReader) Read(p []byte) (int, error) {
	if r.text == nil {
		content, err := r.file.Content()
		if err != nil {
			return 0, &contentError{err}
		}
		r.text = bytes.NewReader([]byte(base64.StdEncoding.EncodeToString(content)))
	}
	n, err := r.text.Read(p)
	if err != nil {
		r.text = bytes.NewReader(nil) // the content can go
	}
	return n, err //nolint:wrapcheck // io.EOF is to stay io.EOF
}

// contentError is the failure to read what is to be sent. Sending it again would not help.
type contentError struct{ error }

// Unwrap returns the cause.
func (e *contentError) Unwrap() error { return e.error }
