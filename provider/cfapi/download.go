// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Download asks for what is at an address that is none of Cloudflare's: it sends no token. Its errors name the address
// without what in it may be a credential. The caller closes the body.
func Download(ctx context.Context, from *url.URL) (io.ReadCloser, error) {
	place := from.Scheme + "://" + from.Host + from.Path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("download %s: its address is no URL", place)
	}
	resp, err := http.DefaultClient.Do(req)
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err // without the address
	}
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", place, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("download %s: HTTP %d", place, resp.StatusCode), resp.Body.Close())
	}
	return resp.Body, nil
}
