#include "base/mail_client.h"

#include <utility>

namespace bellwether::base {

Result<MailAnswer> FakeMailClient::Send(const MailRequest& request) {
  const MutexLock lock(mu_);
  requests_.push_back(request);
  if (script_.empty()) return MailAnswer{.code = 250};
  auto answer = std::move(script_.front());
  script_.pop_front();
  return answer;
}

void FakeMailClient::Script(Result<MailAnswer> answer) {
  const MutexLock lock(mu_);
  script_.push_back(std::move(answer));
}

std::vector<MailRequest> FakeMailClient::Requests() const {
  const MutexLock lock(mu_);
  return requests_;
}

}  // namespace bellwether::base
