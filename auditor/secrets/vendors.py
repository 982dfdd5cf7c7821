"""Tokens of other vendors, told by the marks that the vendors put into them.

Sources: the vendors' references, among them
https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/,
https://github.blog/changelog/2026-05-15-github-app-installation-tokens-per-request-override-header/,
https://docs.gitlab.com/security/tokens/, https://api.slack.com/authentication/token-types,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html,
https://docs.npmjs.com/about-access-tokens, https://developer.hashicorp.com/vault/docs/concepts/tokens
"""

from __future__ import annotations

import re

from auditor.secrets.detector import Detector, checksummed, genuine, mixed, secret_of, shape, token

_HEX = "[0-9a-f]"
_UUID = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"


def _is_github(match: re.Match[str]) -> bool:
    """The classic form ends with a checksum; an installation token of the newer form holds a web token."""
    secret = secret_of(match)
    if len(secret) == 40 and "." not in secret:
        return genuine(match) and checksummed(match)
    return genuine(match)


def _is_npm(match: re.Match[str]) -> bool:
    return genuine(match) and checksummed(match)


_TOKENS: tuple[tuple[str, str, str, str], ...] = (
    ("github-token", "a fine-grained GitHub token", "github_pat_", r"[A-Za-z0-9]{20,24}_[A-Za-z0-9]{50,70}"),
    (
        "gitlab-token",
        "a GitLab token",
        "glpat- gldt- glrt- glptt- glcbt- glsoat- glft- glimt- glagent- gloas- glffct-",
        r"[A-Za-z0-9_-]{20,300}(?:\.[0-9a-z]{2}\.?[0-9a-z]{7,9})?",
    ),
    ("slack-token", "a Slack token", "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-", r"[A-Za-z0-9-]{20,250}"),
    ("stripe-key", "a live Stripe key", "sk_live_ rk_live_ whsec_", r"[A-Za-z0-9+/]{24,247}"),
    ("sendgrid-key", "a SendGrid API key", "SG.", r"[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}"),
    ("pypi-token", "a PyPI upload token", "pypi-AgE", r"[A-Za-z0-9_-]{50,1000}"),
    ("rubygems-token", "a RubyGems API key", "rubygems_", r"[0-9a-f]{48}"),
    ("clojars-token", "a Clojars deploy token", "CLOJARS_", r"[0-9a-z]{60}"),
    ("nuget-key", "a NuGet API key", "oy2", r"[a-z0-9]{43}"),
    ("docker-token", "a Docker Hub token", "dckr_pat_ dckr_oat_", r"[A-Za-z0-9_-]{24,60}"),
    ("aws-access-key", "an AWS access key id; its secret is seldom far", "AKIA ASIA ABIA ACCA", r"[A-Z2-7]{16}"),
    ("aws-bedrock-key", "an Amazon Bedrock API key", "ABSK", r"[A-Za-z0-9+/]{109,269}={0,2}"),
    ("alibaba-access-key", "an Alibaba Cloud access key id", "LTAI", r"[A-Za-z0-9]{20}"),
    ("digitalocean-token", "a DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{64}"),
    ("databricks-token", "a Databricks token", "dapi dose", r"[0-9a-f]{32}(?:-\d)?"),
    ("vault-token", "a HashiCorp Vault token", "hvs. hvb. hvr.", r"[A-Za-z0-9_-]{24,300}"),
    ("pulumi-token", "a Pulumi access token", "pul-", r"[0-9a-f]{40}"),
    ("doppler-token", "a Doppler token", "dp.pt. dp.ct. dp.sa. dp.scim. dp.audit.", r"[A-Za-z0-9]{40,44}"),
    ("onepassword-token", "a 1Password service account token", "ops_eyJ", r"[A-Za-z0-9+/_-]{250,2000}={0,3}"),
    ("age-secret-key", "an age encryption key", "AGE-SECRET-KEY-1", r"[02-9AC-HJ-NP-Z]{58}"),
    (
        "openai-key",
        "an OpenAI API key",
        "sk-",
        r"[A-Za-z0-9_-]{20,180}T3BlbkFJ[A-Za-z0-9_-]{20,180}",
    ),
    ("openai-key", "an OpenAI API key", "sk-proj- sk-svcacct-", r"[A-Za-z0-9_-]{40,200}"),
    ("anthropic-key", "an Anthropic API key", "sk-ant-", r"[a-z0-9]{3,12}-[A-Za-z0-9_-]{60,200}"),
    ("hugging-face-token", "a Hugging Face token", "hf_ api_org_", r"[A-Za-z]{34,40}"),
    ("groq-key", "a Groq API key", "gsk_", r"[A-Za-z0-9]{52}"),
    ("xai-key", "an xAI API key", "xai-", r"[A-Za-z0-9]{80}"),
    ("perplexity-key", "a Perplexity API key", "pplx-", r"[A-Za-z0-9]{48,56}"),
    ("replicate-token", "a Replicate API token", "r8_", r"[A-Za-z0-9]{37}"),
    ("langsmith-key", "a LangSmith API key", "lsv2_pt_ lsv2_sk_", r"[0-9a-f]{32}_[0-9a-f]{10}"),
    ("openrouter-key", "an OpenRouter API key", "sk-or-v1-", r"[0-9a-f]{64}"),
    ("tavily-key", "a Tavily API key", "tvly-", r"(?:dev-|prod-)?[A-Za-z0-9]{32}"),
    ("pinecone-key", "a Pinecone API key", "pcsk_", r"[A-Za-z0-9]{5,6}_[A-Za-z0-9]{63}"),
    ("wandb-key", "a Weights & Biases API key", "wandb_v1_", r"[A-Za-z0-9]{27}_[A-Za-z0-9]{49}"),
    ("together-key", "a Together AI key", "tgp_v1_", r"[A-Za-z0-9_-]{43}"),
    ("nvidia-key", "an NVIDIA API key", "nvapi-", r"[A-Za-z0-9_-]{60,70}"),
    ("cerebras-key", "a Cerebras API key", "csk-", r"[a-z0-9]{48}"),
    ("firecrawl-key", "a Firecrawl API key", "fc-", r"[0-9a-f]{32}"),
    ("elevenlabs-key", "an ElevenLabs API key", "sk_", r"[0-9a-f]{48}"),
    ("langfuse-key", "a secret Langfuse key", "sk-lf-", _UUID),
    ("resend-key", "a Resend API key", "re_", r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),
    ("posthog-key", "a personal PostHog key", "phx_", r"[A-Za-z0-9]{43,48}"),
    ("typeform-token", "a Typeform token", "tfp_", r"[A-Za-z0-9]{40,50}_[A-Za-z0-9]{12,16}"),
    ("cloudflare-token", "a Cloudflare token", "cfut_ cfat_ cfk_", r"[A-Za-z0-9_-]{40,53}"),
    ("slack-cookie", "the session cookie of a Slack user", "xoxd-", r"[A-Za-z0-9%+/_-]{60,400}"),

    ("square-token", "a Square token", "sq0atp- sq0csp- EAAA", r"[A-Za-z0-9_-]{22,60}"),
    ("shopify-token", "a Shopify token", "shpat_ shpca_ shppa_ shpss_", r"[0-9a-fA-F]{32}"),

    ("brevo-key", "a Brevo API key", "xkeysib- xsmtpsib-", r"[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    ("mapbox-token", "a secret Mapbox token", "sk.eyJ", r"[A-Za-z0-9_-]{40,120}\.[A-Za-z0-9_-]{20,30}"),
    ("grafana-token", "a Grafana token", "glc_eyJ glsa_", r"[A-Za-z0-9+/_]{32,400}={0,3}"),
    ("new-relic-key", "a New Relic key", "NRAK- NRII- NRRA- NRAA-", r"[A-Za-z0-9_-]{27,42}"),
    ("sentry-token", "a Sentry token", "sntryu_ sntrys_eyJ", r"[A-Za-z0-9+/_=-]{60,500}"),
    ("dynatrace-token", "a Dynatrace token", "dt0c01. dt0s01. dt0s02. dt0s16.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("honeycomb-key", "a Honeycomb ingest key", "hcaik_ hcbik_ hccik_", r"[a-z0-9]{58}"),
    ("postman-key", "a Postman API key", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    ("atlassian-token", "an Atlassian API token", "ATATT3 ATCTT3", r"[A-Za-z0-9_=-]{100,250}"),
    ("bitbucket-password", "a Bitbucket app password", "ATBB", r"[A-Za-z0-9]{32}"),
    ("linear-key", "a Linear API key", "lin_api_ lin_oauth_", r"[A-Za-z0-9]{40,64}"),
    ("notion-token", "a Notion integration token", "ntn_", r"\d{11}[A-Za-z0-9]{35}"),
    ("figma-token", "a Figma access token", "figd_", r"[A-Za-z0-9_-]{40,48}"),
    ("netlify-token", "a Netlify access token", "nfp_ nfc_ nfo_ nfu_", r"[A-Za-z0-9]{36}"),
    ("vercel-token", "a Vercel token", "vcp_ vck_ vci_ vca_ vcr_", r"[A-Za-z0-9]{56}"),
    ("supabase-token", "a Supabase key", "sbp_ sb_secret_", r"[A-Za-z0-9_-]{31,44}"),
    ("planetscale-token", "a PlanetScale credential", "pscale_tkn_ pscale_oauth_ pscale_pw_", r"[\w=.-]{32,64}"),
    ("neon-key", "a Neon API key", "napi_", r"[a-z0-9]{64}"),
    ("fly-token", "a Fly.io token", "fm1a_ fm1r_ fm2_", r"[A-Za-z0-9+/]{100,1000}={0,3}"),
    ("render-key", "a Render API key", "rnd_", r"[A-Za-z0-9]{28,36}"),
    ("heroku-key", "a Heroku API key", "HRKU-AA", r"[A-Za-z0-9_-]{58}"),
    ("circleci-token", "a CircleCI token", "CCIPAT_ CCIPRJ_", r"[A-Za-z0-9]{22}_[0-9a-f]{40}"),
    ("buildkite-token", "a Buildkite token", "bkua_", r"[0-9a-f]{40}"),
    ("artifactory-key", "a JFrog Artifactory key", "AKCp cmVmd", r"[A-Za-z0-9]{59,69}"),
    ("sonar-token", "a SonarQube token", "squ_ sqp_ sqa_", r"[0-9a-f]{40}"),
    ("sourcegraph-token", "a Sourcegraph token", "sgp_", r"(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}"),
    ("octopus-key", "an Octopus Deploy API key", "API-", r"(?=[A-Z]*\d)[A-Z0-9]{25,27}"),
    ("easypost-key", "an EasyPost API key", "EZAK EZTK", r"[A-Za-z0-9]{54}"),
    ("shippo-token", "a live Shippo token", "shippo_live_", r"[0-9a-f]{40}"),
    ("duffel-token", "a live Duffel token", "duffel_live_", r"[A-Za-z0-9_=-]{43}"),
    ("flutterwave-key", "a Flutterwave secret key", "FLWSECK-", r"[0-9a-z]{32}-(?:[0-9a-z]{12}vt-)?X"),
    ("razorpay-key", "a live Razorpay key id; its secret is seldom far", "rzp_live_", r"[A-Za-z0-9]{14}"),
    ("plaid-token", "a Plaid access token", "access-production- access-development-", _UUID),
    ("facebook-token", "a Facebook access token", "EAAM EAAC EAAG EAAB", r"[A-Za-z0-9]{100,300}"),
    ("readme-key", "a ReadMe API key", "rdme_", r"[a-z0-9]{70}"),
    ("prefect-key", "a Prefect API key", "pnu_ pnb_", r"[A-Za-z0-9]{36}"),
    ("tailscale-key", "a Tailscale key", "tskey-", r"[a-z]{3,7}-[A-Za-z0-9]{10,20}-[A-Za-z0-9]{20,40}"),
    ("openshift-token", "an OpenShift user token", "sha256~", r"[A-Za-z0-9_-]{43}"),
    ("cloudflare-origin-key", "a Cloudflare Origin CA key", "v1.0-", r"[0-9a-f]{24}-[0-9a-f]{146}"),
    ("elastic-key", "an Elastic Cloud API key", "essu_", r"[A-Za-z0-9+/=_-]{40,120}"),
    ("contentful-token", "a Contentful management token", "CFPAT-", r"[A-Za-z0-9_-]{43}"),
    ("adobe-secret", "an Adobe client secret", "p8e-", r"[A-Za-z0-9_-]{32}"),
)  # fmt: skip
"""(id, what it is, the mark, what follows the mark)"""


def _within(
    identifier: str,
    description: str,
    pattern: str,
    *,
    marks: tuple[str, ...] = (),
    inside: tuple[str, ...] = (),
    sign: str = "",
) -> Detector:
    """A token whose mark is not at its beginning."""
    whole = rf"(?<![A-Za-z0-9_-])(?:{pattern})(?![A-Za-z0-9_-])"
    return shape(identifier, description, whole, marks=marks, inside=inside, sign=sign, valid=mixed)


VENDORS: tuple[Detector, ...] = (
    token(
        "github-token",
        "a GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_",
        r"[A-Za-z0-9]{36,251}|\d{1,12}_eyJ[A-Za-z0-9._-]{60,4096}",
        _is_github,
    ),
    token("npm-token", "an npm access token", "npm_", r"[A-Za-z0-9]{36}", _is_npm),
    *(token(*entry, valid=genuine if entry[0] == "hugging-face-token" else mixed) for entry in _TOKENS),
    _within(
        "terraform-cloud-token",
        "a Terraform Cloud token",
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,80}",
        marks=(".atlasv1.",),
    ),
    _within(
        "airtable-token",
        "an Airtable access token",
        r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",
        marks=(".",),
        sign=r"\.[0-9a-f]{64}",
    ),
    _within(
        "asana-token",
        "an Asana access token",
        r"[12]/\d{16}(?:/\d{16})?:[0-9a-f]{32}",
        marks=(":",),
        sign=r"\d:[0-9a-f]{32}",
    ),
    _within(
        "snyk-token",
        "a Snyk token",
        r"snyk_[us]at\.[0-9a-f]{8}\.[A-Za-z0-9_-]{60,400}(?:\.[A-Za-z0-9_-]{1,100})?",
        marks=(".",),
        sign=r"\.[0-9a-f]{8}\.",
    ),
    _within(
        "discord-bot-token",
        "a Discord bot token",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",
        marks=(".",),
        sign=r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
    ),
    _within("telegram-bot-token", "a Telegram bot token", r"\d{8,10}:AA[A-Za-z0-9_-]{33}", marks=(":AA",)),
    _within("maxmind-key", "a MaxMind licence key", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk", inside=("_mmk",)),
    _within("mailchimp-key", "a Mailchimp API key", r"[0-9a-f]{32}-us\d{1,2}", inside=("-us",)),
    shape(
        "slack-webhook",
        "a Slack webhook: whoever has the URL posts into the channel",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Z0-9]{6,14}/[A-Z0-9]{6,20}/[A-Za-z0-9/]{16,64})",
        anchors=("hook",),
    ),
    shape(
        "discord-webhook",
        "a Discord webhook",
        r"discord(?:app)?\.com/api/webhooks/\d{16,20}/(?P<secret>[A-Za-z0-9_-]{60,80})",
        anchors=("hook",),
    ),
    shape(
        "teams-webhook",
        "a Microsoft Teams webhook",
        rf"\.webhook\.office\.com/webhookb2/{_UUID}@{_UUID}/IncomingWebhook/(?P<secret>{_HEX}{{32}}/{_UUID})",
        anchors=("hook",),
    ),
    shape(
        "zapier-webhook",
        "a Zapier webhook",
        r"hooks\.zapier\.com/hooks/catch/(?P<secret>\d{5,12}/[a-z0-9]{6,12})",
        anchors=("hook",),
    ),
    shape(
        "twilio-token",
        "a Twilio account or API key id with its secret beside it",
        r"(?<![A-Za-z0-9])(?:AC|SK)[0-9a-f]{32}(?![A-Za-z0-9])"
        r"[^A-Za-z0-9]{1,8}(?:[A-Za-z_. -]{0,40}[^A-Za-z0-9]{1,8}){0,3}"
        r"(?P<secret>[0-9a-f]{32}|[A-Za-z0-9]{32})(?![A-Za-z0-9])",
        marks=tuple(f"{kind}{digit}" for kind in ("AC", "SK") for digit in "0123456789abcdef"),
        valid=mixed,
    ),
    shape(
        "azure-client-secret",
        "a Microsoft Entra client secret",
        r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])",
        anchors=("Q~",),
        valid=mixed,
    ),
    shape(
        "azure-key",
        "a key of an Azure service, with the mark that Azure puts into its keys",
        r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9]{52}JQQJ9[9D][A-Za-z0-9]{24,28}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})(?![A-Za-z0-9+/])",
        inside=("JQQJ9", "AZDO"),
        valid=mixed,
    ),
    shape(
        "azure-shared-access-signature",
        "an Azure shared access signature: whoever has the URL may do what it was signed for",
        r"[?&;](?:sig|SharedAccessSignature)=(?P<secret>[A-Za-z0-9%+/]{43,120}(?:%3D|=){0,2})",
        marks=("sig=", "SharedAccessSignature="),
        valid=mixed,
    ),
)
