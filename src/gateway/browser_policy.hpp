#pragma once

#include <dynamigrate/http/server.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::gateway {

/// Decides which pages in a browser may speak with the gateway.
///
/// Where signatures are checked, every page may: without a key it gets nothing. Elsewhere only pages
/// that this machine serves may. A page of another site is recognised by its Origin; one whose site
/// made its own name point to this machine, so that the browser takes both for the same, by the
/// Host that it asked for, which is then neither this machine's name nor an address.
class BrowserPolicy {
public:
    /// `host`: what the gateway listens on.
    BrowserPolicy(std::string host, bool checks_signatures)
        : host_(std::move(host)),
          checks_signatures_(checks_signatures) {}

    /// Why the request must not be answered, with what to do about it; empty: it may.
    std::string objection(const http::ServedRequest& request) const;
    /// Adds the headers by which a browser lets a page see the answer.
    void admit(const http::ServedRequest& request, http::ServedResponse& response) const;
    /// Answers the question that a browser asks before the page's own request.
    void answer_preflight(const http::ServedRequest& request, http::ServedResponse& response) const;

private:
    bool is_own_name(std::string_view authority) const;

    std::string host_;
    bool checks_signatures_;
};

}  // namespace dynamigrate::gateway
