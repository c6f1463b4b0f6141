"""What merchants' names are cleaned by: brands, facilitators, places, forms of companies."""


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


BRANDS: tuple[tuple[str, str], ...] = (
    (r"amz\w*[ *]*mktp\w*.*|amazon[ .]*m(?:kt|ark)\w*.*", "Amazon Marketplace"),
    (r"amazon[ *]*(?:prime|prm\w*)[ *]*now.*", "Amazon Prime Now"),
    (r"amazon[ *]*(?:prime|prm\w*).*", "Amazon Prime"),
    (r"amazon[ *]*(?:music|digital|video)[ *]?.*", "Amazon Digital"),
    (r"amazon(?:[ .*]*(?:co\.?uk|com|eu|uk|svcs|payments|retail)\b.*|\.co\.uk\w*.*)?", "Amazon"),
    (r"facebk[ *]?.*|facebook[ *]?.*", "Facebook"),
    (r"google[ *]+(?:adws|ads).*", "Google Ads"),
    (r"google[ *]+(?:svcs|cloud|gsuite).*", "Google Cloud"),
    (r"msft[ *]?.*|microsoft[ *]?.*", "Microsoft"),
    (r"uber[ *]*eats.*", "Uber Eats"),
    (r"uber[ *]*(?:trip|bv|b\.v\.).*|uber", "Uber"),
    (r"(?:the)?trainline(?:\.com)?.*", "Trainline"),
    (r"booking\.com.*|hotel at booking.*", "Booking.com"),
    (r"e ?bay\b.*", "eBay"),
    (r"tesco[ -]*pfs.*|tesco[ -]*(?:pay at pump|petrol).*", "Tesco Petrol"),
    (r"tesco[ -]*(?:store|express|extra|metro|superstore)?s?\b[ -]*\d*", "Tesco"),
    (r"asda[ -]*(?:petrol|f/stn|filling).*", "Asda Petrol"),
    (r"asda[ -]*(?:super)?(?:store|supercentre)?s?\b[ -]*\d*", "Asda"),
    (r"sainsbury'?s?[ -]*(?:s/mkt\w*|super\w*|local)?[ -]*\d*", "Sainsbury's"),
    (r"(?:wm|w) morrisons?[ -]*(?:petrol|pfs).*|morrisons?[ -]*petrol.*", "Morrisons Petrol"),
    (r"(?:wm )?morrisons?[ -]*(?:stores?|super\w*)?[ -]*\d*", "Morrisons"),
    (r"poundland(?:[ -]+(?:ltd|limited))?[ -]*\d*", "Poundland"),
    (r"mc ?donald'?s?\b.*", "McDonald's"),
    (r"b ?(?:&|and)? ?q(?: (?:plc|direct|\d+))?", "B&Q"),
    (r"m ?(?:&|and) ?s\b.*|marks (?:&|and) spencer.*", "Marks & Spencer"),
    (r"w ?h ?smiths?\b.*", "WHSmith"),
    (r"sports ?direct\b.*", "Sports Direct"),
    (r"adobe[ *]+.*", "Adobe"),
    (r"etsy\.com.*", "Etsy"),
)
"""Patterns of whole names, in lower case, for which no rule is as good as knowing the brand."""

FACILITATORS: tuple[tuple[str, str], ...] = (
    (r"paypal[ *]+", "PayPal"),
    (r"pp[ *]+|ppl\*", "PayPal"),
    (r"sq[ *]+|gosq\.com[ *]*|sqr?\*", "Square"),
    (r"iz[ *]+|zettle[_ *]+", "Zettle"),
    (r"sumup[ *]+", "SumUp"),
    (r"sp\*[ ]*|sp +(?!energy|manweb|services)", "Shopify"),
    (r"wp-|wpy\*|worldpay[ *]+", "Worldpay"),
    (r"px[ *]+", "Paddle"),
    (r"dri[ *]+", "Digital River"),
    (r"2co(?:com)?[ *]+", "2Checkout"),
    (r"eb[ *]+", "Eventbrite"),
    (r"stripe[ *]+", "Stripe"),
    (r"tst\*[ ]*", "Toast"),
    (r"klarna[ *]+", "Klarna"),
    (r"clr\*|clearpay[ *]+", "Clearpay"),
    (r"crv\*|curve[ *]+", "Curve"),
)
"""Who took the payment for the merchant, by what is then put before the merchant's name."""

COMPANY_FORMS = listed(
    "ltd limited limite limit limi plc inc llc llp gmbh ag bv b.v. sarl s.a.r.l. srl spa "
    "s.p.a. ab corp co. cic co"
)

CUT_COMPANY_FORMS = frozenset({"l", "li", "lt", "lim"})
"""What is left of a company form where the network has cut the name off."""

COUNTRIES = listed("uk gb gbr (uk) u.k. usa irl eu eur lux")

CITIES = listed(
    "birmingham birmingha birmingh birming birmin birmi bham london manchester leeds "
    "liverpool bristol sheffield glasgow edinburgh cardiff belfast nottingham leicester "
    "coventry solihull wolverhampton wolverhampt walsall dudley tamworth redditch telford "
    "derby stoke oxford cambridge reading brighton southampton portsmouth plymouth newcastle "
    "york hull norwich dublin paris berlin amsterdam brussels madrid rome luxembourg"
)

NOT_BEFORE_A_CITY = listed(
    "of the in at for and & city visit hotel inn university college cathedral zoo airport "
    "station council museum museums taxi taxis central new east west north south greater "
    "royal"
)
"""After one of these a city is part of the name."""

STORE_WORDS = listed("store stores branch shop no no. unit site #")
"""A number of a store comes after one of these, or alone."""

SMALL_WORDS = listed("of and the in at for on to by de la le du van von a an")

ABBREVIATIONS = listed(
    "aa ac ba bbc bhs bm bp bt cex cpc dfs diy dpd dsa dvla ee emi gb gp hmv hs hsbc ibm iwm "
    "jcb jd kfc lul mfg mot nato ncp nec nhs nspca pc pcwb pr rac rnib rs rspb rspca sja ssl "
    "tfl tgi tk tnt tui tv uk ups usa usb wbc wwf xl ymca ywca o2 q uwe bmw tsb itv hm ikea "
    "asos pcn ico"
)

KNOWN = {
    "cafe": "Café",
    "easyjet": "easyJet",
    "tkmaxx": "TK Maxx",
    "youtube": "YouTube",
    "linkedin": "LinkedIn",
    "ebay": "eBay",
    "giffgaff": "giffgaff",
    "rs": "RS",
}
"""Words that are written in a way of their own."""

WORDS_ENDING_A_NAME = COMPANY_FORMS | COUNTRIES
