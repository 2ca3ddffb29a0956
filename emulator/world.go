// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"reflect"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/queue"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// connect gives the runtime its backends.
func (s *Server) connect() {
	if s.Runtime.D1Dir == "" && s.DataDir != "" {
		s.Runtime.D1Dir = filepath.Join(s.DataDir, "d1")
	}
	if s.Runtime.ObjectsDir == "" && s.DataDir != "" {
		s.Runtime.ObjectsDir = filepath.Join(s.DataDir, "objects")
	}
	if s.Runtime.Mail == nil {
		s.Runtime.Mail = s.mail.keep
	}
	if s.Runtime.Now == nil {
		s.Runtime.Now = s.clock
	}
	if s.Runtime.KV == nil {
		s.Runtime.KV = s.kv
	}
	if s.Runtime.R2 == nil {
		s.Runtime.R2 = func(account, bucket, jurisdiction string) http.Handler {
			return r2.Binding{Store: s.R2, Account: account, Bucket: bucket, Jurisdiction: jurisdiction}
		}
	}
	if s.Runtime.Secrets == nil {
		s.Runtime.Secrets = s.storedValue
	}
	if s.Runtime.Assets == nil {
		s.Runtime.Assets = s.serveAssets
	}
	if s.Runtime.Queues == nil {
		s.Runtime.Queues = func(account, name, delay string) http.Handler {
			return queue.Binding{Broker: s.broker, Account: account, Queue: name, Delay: delay}
		}
	}
}

// apply gives the runtime what is deployed now, unless that is what it runs already.
func (s *Server) apply() {
	if s.Runtime == nil {
		return
	}
	world := s.deployed()
	if reflect.DeepEqual(world, s.world) {
		return
	}
	s.world = world
	s.Runtime.Apply(world)
}

// deployed is the whole of what is deployed.
func (s *Server) deployed() runtime.World {
	world := runtime.World{Domains: map[string]runtime.Route{}}
	for _, a := range sorted(s.state.Accounts) {
		for _, w := range sorted(a.Workers) {
			world.Workers = append(world.Workers, s.running(a, w))
		}
		for _, d := range sorted(a.Domains) {
			if d.Enabled {
				world.Domains[d.Hostname] = runtime.Route{Account: a.ID, Script: d.Service}
			}
		}
	}
	for _, a := range sorted(s.state.Accounts) {
		for _, d := range sorted(a.Databases) {
			world.D1 = append(world.D1, runtime.D1Database{Account: a.ID, ID: d.UUID})
		}
	}
	for _, z := range sorted(s.state.Zones) {
		for _, r := range sorted(z.Routes) {
			route, err := runtime.ParseRoute(r.Pattern)
			if err != nil {
				continue // refused when it was made
			}
			route.Account, route.Script = z.AccountID, r.Script
			world.Routes = append(world.Routes, route)
		}
	}
	return world
}

// running is what the runtime needs to know of a Worker.
func (s *Server) running(a *account, w *worker) runtime.Worker {
	running := runtime.Worker{
		Account: a.ID, Name: w.Name, Subdomain: a.Subdomain, WorkersDev: w.Subdomain.Enabled, Previews: w.previewed(),
		Objects: w.objectNamespaces(), Workflows: a.workflowsOf(w),
	}
	if d := w.deployed(); d != nil {
		for _, share := range d.Versions {
			running.Split = append(running.Split, runtime.Weighted{
				Script: s.script(a.ID, w, w.version(share.VersionID)), Percent: share.Percentage,
			})
		}
	}
	if w.previewed() {
		for _, v := range w.Versions {
			running.Versions = append(running.Versions, s.script(a.ID, w, v))
		}
	}
	return running
}

// previewed tells whether versions have URLs of their own. Those of Workers with Durable Objects have none
// (developers.cloudflare.com/workers/configuration/previews, limitations).
func (w *worker) previewed() bool { return w.Subdomain.Previews && len(w.Classes) == 0 }

// script is the version as the runtime takes it. Source maps are for error messages of Cloudflare's, which workerd does
// not map, so they stay behind.
func (s *Server) script(accountID string, w *worker, v *version) runtime.Script {
	script := runtime.Script{
		Account: accountID, Name: w.Name, VersionID: v.ID, Tag: v.Annotations["workers/tag"], Created: time.Time(v.Created),
		MainModule: v.MainModule, BodyPart: v.BodyPart, CompatibilityDate: v.CompatibilityDate,
		CompatibilityFlags: v.CompatibilityFlags, Assets: v.hasAssets(),
		Tails:          consumersIn(w.Settings.TailConsumers),
		StreamingTails: consumersIn(w.Settings.StreamingTailConsumers),
	}
	for _, m := range v.Modules {
		if !m.isSourceMap() {
			script.Modules = append(script.Modules, runtime.Module{
				Name: m.Name, ContentType: m.ContentType, Content: m.Content,
			})
		}
	}
	for _, b := range v.Bindings {
		text, err := json.Marshal(b)
		if err != nil {
			continue // read from JSON, so it is JSON
		}
		script.Bindings = append(script.Bindings, text)
	}
	return script
}
