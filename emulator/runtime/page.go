// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// page is an answer of the front door itself.
type page struct {
	status int
	code   int    // Cloudflare's error code; 0: none
	title  string // what happened, in a few words
	text   string // what to do about it; may be empty
}

// Pages that do not depend on the request.
//
// Sources: https://developers.cloudflare.com/workers/observability/errors/ for the codes; what Cloudflare answers
// below workers.dev where no Worker is.
var (
	workerThrew = &page{
		status: http.StatusInternalServerError, code: 1101, title: "Worker threw exception",
		text: "You've requested a page on a website that is on the local Cloudflare. " +
			"An unknown error occurred while rendering the page. The exception is in the emulator's log.",
	}
	exceededCPU = &page{
		status: http.StatusServiceUnavailable, code: 1102, title: "Worker exceeded resource limits",
		text: "A Worker kept the local runtime busy for so long that it was ended.",
	}
	nothingHere = &page{
		status: http.StatusNotFound, title: "There is nothing here yet",
		text: "If you expect something to be here, it may take some time. Please check back again later.",
	}
	noSuchWorker = &page{
		status: http.StatusServiceUnavailable, title: "No such Worker",
		text: "The route or custom domain points at a Worker that does not exist.",
	}
	notDeployed = &page{
		status: http.StatusServiceUnavailable, title: "Worker has no deployment",
		text: "The Worker was uploaded, but none of its versions is deployed.",
	}
	nothingDeployed = &page{
		status: http.StatusNotFound, title: "There is nothing here yet", text: "Nothing is deployed.",
	}
)

// noOrigin is the answer where neither a route nor a custom domain matches. Cloudflare would ask the zone's
// origin; there is none here, which Cloudflare answers with 522.
func (t *table) noOrigin(host string) *page {
	text := fmt.Sprintf("No route or custom domain matches a request for %q, and there is no origin behind this "+
		"local Cloudflare.", host)
	if hosts := t.hosts(); len(hosts) > 0 {
		text += " Among what is served, by Host header: " + strings.Join(hosts, ", ") + "."
	}
	return &page{status: 522, code: 522, title: "Connection timed out", text: text}
}

// unavailable is the answer when no runtime can be reached.
func unavailable(err error) *page {
	return &page{
		status: http.StatusServiceUnavailable, title: "The local runtime is not available",
		text: err.Error() + ".",
	}
}

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{.Title}} | {{.Host}} | local Cloudflare</title></head>
<body>
<h1>{{if .Code}}Error {{.Code}} {{end}}<small>Ray ID: {{.Ray}}</small></h1>
<h2>{{.Title}}</h2>
<p>{{.Text}}</p>
</body>
</html>
`))

// serve writes the page: HTML for those who accept it, else plain text that begins as Cloudflare's does.
func (p *page) serve(w http.ResponseWriter, r *http.Request, ray string) {
	w.Header().Set("Cache-Control", "private, no-store")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(p.status)
		_ = pageTemplate.Execute(w, map[string]any{ // the client may be gone
			"Code": p.code, "Title": p.title, "Text": p.text, "Host": r.Host, "Ray": ray,
		})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(p.status)
	var b strings.Builder
	if p.code != 0 {
		fmt.Fprintf(&b, "error code: %d\n", p.code)
	}
	b.WriteString(p.title + "\n")
	if p.text != "" {
		b.WriteString(p.text + "\n")
	}
	_, _ = w.Write([]byte(b.String())) // the client may be gone
}
