#pragma once

#include <dynamigrate/migrate/steps.hpp>

#include <functional>
#include <string>
#include <vector>

/// What steps check without running.
namespace dynamigrate::migrate {

/// Collects findings at one place.
class Checks {
public:
    Checks(std::string place, std::vector<Finding>& findings)
        : place_(std::move(place)),
          findings_(findings) {}

    void error(std::string code, std::string message, std::string remedy = {});
    void warn(std::string code, std::string message, std::string remedy = {});
    /// Runs it; an Error invalid_argument becomes a finding at its own place, if it has one.
    void expect_no_error(const std::string& code, const std::string& what,
                         const std::function<void()>& check);

    void table_name(const std::string& name);
    void key(const std::string& what, const KeyAttribute& hash,
             const std::optional<KeyAttribute>& sort);
    void index(const IndexDefinition& index);
    void billing(const std::optional<Billing>& billing);
    void condition(const OwnedExpression& where);
    void foreign(const ForeignTransform& transform);
    void transformation(const Transformation& transformation);
    void options(const BackfillOptions& options);

private:
    std::string place_;
    std::vector<Finding>& findings_;
};

}  // namespace dynamigrate::migrate
