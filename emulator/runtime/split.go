// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net/http"
)

// The headers by which a client influences which version answers. Source:
// https://developers.cloudflare.com/workers/configuration/versions-and-deployments/gradual-deployments/.
const (
	versionKeyHeader       = "Cloudflare-Workers-Version-Key"
	versionOverridesHeader = "Cloudflare-Workers-Version-Overrides"
)

// pick returns the version of w that answers a request with header: the one that an override names if it is in
// the deployment, else the one that the version key's hash falls to, else one at random by percentage. It is nil
// if w is not deployed.
func (w *Worker) pick(header http.Header) *Script {
	if override := versionOverrides(header.Values(versionOverridesHeader))[w.Name]; override != "" {
		for i := range w.Split {
			if w.Split[i].Script.VersionID == override {
				return &w.Split[i].Script
			}
		}
	}
	point := rand.Float64() //nolint:gosec // spreading requests needs no secrecy
	if key := header.Get(versionKeyHeader); key != "" {
		point = hashPoint(w.key(), key)
	}
	return w.at(point)
}

// at returns the version that owns a point between 0 and 1 of the traffic. The versions own adjacent stretches in
// the order of the deployment, so that a version whose share grows keeps every point that it has, as long as the
// order stays.
func (w *Worker) at(point float64) *Script {
	var total, sum float64
	for _, s := range w.Split {
		total += s.Percent
	}
	if total == 0 {
		return w.primary()
	}
	var last *Script
	for i := range w.Split {
		if w.Split[i].Percent <= 0 {
			continue
		}
		last = &w.Split[i].Script
		sum += w.Split[i].Percent
		if point*total < sum {
			break
		}
	}
	return last
}

// hashPoint maps a version key of a Worker to a point from 0 to below 1, evenly and always the same.
func hashPoint(worker workerKey, key string) float64 {
	sum := sha256.Sum256([]byte(worker.account + "\x00" + worker.name + "\x00" + key))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / math.Exp2(53)
}
