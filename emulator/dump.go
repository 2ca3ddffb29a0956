// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
)

// Dump returns the contents of all accounts in a canonical text, for comparing one server with another or with itself:
// two servers with equal texts do the same. Random ids are left out or replaced by the names of what they stand for,
// times are left out, and secrets and contents are shown as a prefix of their SHA-256. Of a Worker's history it shows
// nothing: only the versions in service and, if it is not among them, the latest one.
func (s *Server) Dump() string {
	var out bytes.Buffer
	if err := s.Open(); err != nil {
		return err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range sorted(s.state.Accounts) {
		fmt.Fprintf(&out, "account %s %q subdomain %q\n", a.ID, a.Name, a.Subdomain)
		for _, w := range sorted(a.Workers) {
			s.dumpWorker(&out, a, w)
		}
		dumpSorted(&out, a.Domains, func(d *domain) string {
			return fmt.Sprintf("  domain %s -> %s enabled %t previews %t", d.Hostname, d.Service, d.Enabled, d.Previews)
		})
		namespaces := sorted(a.Namespaces)
		slices.SortFunc(namespaces, func(a, b *namespace) int { return strings.Compare(a.Title, b.Title) })
		for _, ns := range namespaces {
			s.kv.dump(&out, a.ID, ns)
		}
		a.dumpStores(&out)
		dumpSorted(&out, a.Databases, func(d *database) string {
			return fmt.Sprintf("  d1 %q jurisdiction %q region %s read replication %s", d.Name, d.Jurisdiction, d.Region,
				d.ReadReplication)
		})
		s.dumpQueues(&out, a)
		a.dumpProducts(&out)
		for _, jurisdiction := range []string{"", "eu", "fedramp"} {
			s.dumpBuckets(&out, a.ID, jurisdiction)
		}
	}
	for _, z := range sorted(s.state.Zones) {
		fmt.Fprintf(&out, "zone %s %q\n", z.ID, z.Name)
		dumpSorted(&out, z.Routes, func(r *zoneRoute) string { return fmt.Sprintf("  route %s -> %q", r.Pattern, r.Script) })
		dumpSorted(&out, z.Records, func(r *dnsRecord) string {
			comment := ""
			if r.Comment != nil {
				comment = *r.Comment
			}
			return fmt.Sprintf("  dns %s %s %s proxied %t ttl %d %q", r.Name, r.Type, r.Content, r.Proxied, r.TTL, comment)
		})
		z.dumpEmail(&out)
	}
	return out.String()
}

// dumpSorted writes a line for each value, in the order of the lines.
func dumpSorted[V any](w io.Writer, values map[string]V, line func(V) string) {
	var lines []string
	for _, v := range values {
		lines = append(lines, line(v)+"\n")
	}
	slices.Sort(lines)
	fmt.Fprint(w, strings.Join(lines, ""))
}

func (s *Server) dumpWorker(out io.Writer, a *account, w *worker) {
	fmt.Fprintf(out, "  worker %s workers.dev %t previews %t\n", w.Name, w.Subdomain.Enabled, w.Subdomain.Previews)
	fmt.Fprintf(out, "    settings %s\n", canonical(w.Settings.view(map[string]any{})))
	for _, cron := range w.Schedules {
		fmt.Fprintf(out, "    cron %s\n", cron.Cron)
	}
	for _, class := range w.Classes {
		fmt.Fprintf(out, "    objects of class %s sqlite %t\n", class.Name, class.SQLite)
	}
	for _, e := range w.Expected {
		fmt.Fprintf(out, "    expects class %s from %s\n", e.Class, e.From)
	}
	if w.CodeUpdate != nil {
		fmt.Fprintf(out, "    code update %s\n", canonical(w.CodeUpdate))
	}
	shown := map[string]bool{}
	if d := w.deployed(); d != nil {
		for _, share := range d.Versions {
			shown[share.VersionID] = true
			fmt.Fprintf(out, "    deployed at %v %%\n", share.Percentage)
			s.dumpVersion(out, a, w.version(share.VersionID))
		}
	}
	if v := w.latest(); v != nil && !shown[v.ID] {
		fmt.Fprint(out, "    latest, not deployed\n")
		s.dumpVersion(out, a, v)
	}
}

func (s *Server) dumpVersion(out io.Writer, a *account, v *version) {
	fmt.Fprintf(out, "      main %q compatibility %s %v message %q tag %q\n", v.MainModule+v.BodyPart,
		v.CompatibilityDate, v.CompatibilityFlags, v.Annotations["workers/message"], v.Annotations["workers/tag"])
	modules := map[string]module{}
	for _, m := range v.Modules {
		modules[m.Name] = m
	}
	for _, m := range sorted(modules) {
		fmt.Fprintf(out, "      module %s %s %s\n", m.Name, m.ContentType, fingerprint(m.Content))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Other)) {
		fmt.Fprintf(out, "      %s %s\n", name, v.Other[name])
	}
	if v.hasAssets() {
		fmt.Fprintf(out, "      assets %s\n", v.AssetsConfig)
		for _, path := range slices.Sorted(maps.Keys(v.AssetsManifest)) {
			fmt.Fprintf(out, "        %s %s\n", path, v.AssetsManifest[path].Hash)
		}
	}
	bindings := map[string]binding{}
	for _, b := range v.Bindings {
		bindings[b.name()] = b
	}
	for _, b := range sorted(bindings) {
		shown := a.withProductNames(b.view())
		if b.isSecret() {
			shown = shown.with("value", fingerprint(slices.Concat(b["text"], b["key_base64"], b["key_jwk"])))
		}
		if ns := a.Namespaces[b.text("namespace_id")]; ns != nil {
			shown = shown.with("namespace_id", ns.Title)
		}
		if store := a.Stores[b.text("store_id")]; store != nil {
			shown = shown.with("store_id", store.Name)
		}
		if d := a.Databases[b.text("database_id")]; d != nil {
			shown = shown.with("id", d.Name).with("database_id", d.Name)
		}
		if b.kind() == "durable_object_namespace" {
			shown = shown.with("namespace_id", a.objectNamespace(b.text("namespace_id")))
		}
		fmt.Fprintf(out, "      binding %s\n", canonical(shown))
	}
}

func (s *Server) dumpBuckets(out io.Writer, accountID, jurisdiction string) {
	buckets, err := s.R2.Buckets(accountID, jurisdiction)
	if err != nil {
		fmt.Fprintf(out, "  buckets: %v\n", err)
		return
	}
	for _, b := range buckets {
		fmt.Fprintf(out, "  bucket %s jurisdiction %q location %q class %s\n", b.Name, b.Jurisdiction, b.Location,
			b.StorageClass)
		for _, name := range slices.Sorted(maps.Keys(b.Settings)) {
			fmt.Fprintf(out, "    %s %s\n", name, b.Settings[name])
		}
		id := r2.BucketID{Account: accountID, Jurisdiction: jurisdiction, Name: b.Name}
		for cursor := ""; ; {
			page, err := s.R2.List(id, r2.ListOptions{Cursor: cursor})
			if err != nil {
				fmt.Fprintf(out, "    objects: %v\n", err)
				break
			}
			for _, o := range page.Objects {
				fmt.Fprintf(out, "    object %q %s %d bytes %s %s\n", o.Key, o.ETag, o.Size, canonical(httpMetadata(o)),
					canonical(o.CustomMetadata))
			}
			if cursor = page.Cursor; cursor == "" {
				break
			}
		}
	}
}

// canonical is a value as JSON with sorted members.
func canonical(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
